import type { Arithmetic } from "./arithmetic.js";
import type { Rule } from "./rule.js";

export type AdamHypers = {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weight_decay: number;
};

/** The uniforms that Adam and AdamW share. */
function uniforms(hyper: AdamHypers, t: number, { round }: Arithmetic) {
  return {
    lr: round(hyper.lr),
    beta1: round(hyper.beta1),
    beta2: round(hyper.beta2),
    rest1: round(1 - hyper.beta1),
    rest2: round(1 - hyper.beta2),
    correction1: round(1 - hyper.beta1 ** t),
    correction2: round(1 - hyper.beta2 ** t),
    eps: round(hyper.eps),
  };
}

/**
 * AdamW: decoupled weight decay, arXiv 1711.05101, algorithm 2.
 *
 *   m = beta1*m + (1 - beta1)*g
 *   v = beta2*v + (1 - beta2)*g*g
 *   p = p - lr*weight_decay*p
 *   p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 */
export const adamw: Rule<AdamHypers> = {
  states: ["m", "v"],
  at(hyper, t, ops) {
    const { add, sub, mul, div, sqrt } = ops;
    const u = uniforms(hyper, t, ops);
    const decay = ops.round(hyper.lr * hyper.weight_decay);
    return (p, g, [m0 = 0, v0 = 0]) => {
      const m = add(mul(u.beta1, m0), mul(u.rest1, g));
      const v = add(mul(u.beta2, v0), mul(mul(u.rest2, g), g));
      const decayed = sub(p, mul(decay, p));
      const denominator = add(sqrt(div(v, u.correction2)), u.eps);
      const change = div(mul(u.lr, div(m, u.correction1)), denominator);
      return { p: sub(decayed, change), states: [m, v] };
    };
  },
};

/**
 * Adam, arXiv 1412.6980, algorithm 1, with weight decay as an L2 term of the gradient.
 *
 *   d = g + weight_decay*p
 *   m = beta1*m + (1 - beta1)*d
 *   v = beta2*v + (1 - beta2)*d*d
 *   p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 */
export const adam: Rule<AdamHypers> = {
  states: ["m", "v"],
  at(hyper, t, ops) {
    const { add, sub, mul, div, sqrt } = ops;
    const u = uniforms(hyper, t, ops);
    const decay = ops.round(hyper.weight_decay);
    return (p, g, [m0 = 0, v0 = 0]) => {
      const d = add(g, mul(decay, p));
      const m = add(mul(u.beta1, m0), mul(u.rest1, d));
      const v = add(mul(u.beta2, v0), mul(mul(u.rest2, d), d));
      const denominator = add(sqrt(div(v, u.correction2)), u.eps);
      const change = div(mul(u.lr, div(m, u.correction1)), denominator);
      return { p: sub(p, change), states: [m, v] };
    };
  },
};
