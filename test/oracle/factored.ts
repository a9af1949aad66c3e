import type { AdamHypers } from "./adam.js";
import type { TensorRule } from "./tensor-rule.js";

export type AdafactorHypers = {
  readonly lr: number;
  /** beta2 = 1 - t^-decay. */
  readonly decay: number;
  readonly eps1: number;
  /** The clipping threshold of the update's root mean square. */
  readonly d: number;
};

/**
 * Adafactor, arXiv 1804.04235, algorithm 4 with the absolute step size lr. r and c are the means of rows and columns where the
 * paper has sums: V = r c' / mean(r) is the same matrix. Of a vector r is v itself and c its mean, so that v is not
 * factored, up to rounding.
 *
 *   s = g*g + eps1
 *   r = beta2*r + (1 - beta2)*rowmean(s)
 *   c = beta2*c + (1 - beta2)*colmean(s)
 *   u = g / sqrt(r/colmean(r)*c)
 *   p = p - lr*u / max(1, rms(u)/d)
 */
export const adafactor: TensorRule<AdafactorHypers> = {
  states: ["r", "c"],
  shapes: ["row", "col"],
  at(hyper, t, { round }) {
    const lr = round(hyper.lr);
    const beta = 1 - t ** -hyper.decay;
    const [beta2, rest2] = [round(beta), round(1 - beta)];
    const [eps1, d] = [round(hyper.eps1), round(hyper.d)];
    return ({ kept, add, sub, mul, div, sqrt, max, rowmean, colmean, rms }, p, g, [r0 = p, c0 = p]) => {
      const s = add(mul(g, g), eps1);
      const r = kept(add(mul(beta2, r0), mul(rest2, rowmean(s))), r0);
      const c = kept(add(mul(beta2, c0), mul(rest2, colmean(s))), c0);
      const u = div(g, sqrt(mul(div(r, colmean(r)), c)));
      const change = div(mul(lr, u), max(1, div(rms(u), d)));
      return { p: sub(p, change), states: [r, c] };
    };
  },
};

/**
 * Adafactor with the paper's relative step size (algorithm 4 as it stands): lr is relative to the root mean square of the
 * parameters, of which eps2 is the least.
 *
 *   as above, but p = p - lr*max(eps2, rms(p))*u / max(1, rms(u)/d)
 */
export const relativeAdafactor: TensorRule<AdafactorHypers & { readonly eps2: number }> = {
  states: ["r", "c"],
  shapes: ["row", "col"],
  at(hyper, t, { round }) {
    const lr = round(hyper.lr);
    const beta = 1 - t ** -hyper.decay;
    const [beta2, rest2] = [round(beta), round(1 - beta)];
    const [eps1, eps2, d] = [round(hyper.eps1), round(hyper.eps2), round(hyper.d)];
    return ({ kept, add, sub, mul, div, sqrt, max, rowmean, colmean, rms }, p, g, [r0 = p, c0 = p]) => {
      const s = add(mul(g, g), eps1);
      const r = kept(add(mul(beta2, r0), mul(rest2, rowmean(s))), r0);
      const c = kept(add(mul(beta2, c0), mul(rest2, colmean(s))), c0);
      const u = div(g, sqrt(mul(div(r, colmean(r)), c)));
      const step = mul(lr, max(eps2, rms(p)));
      return { p: sub(p, div(mul(step, u), max(1, div(rms(u), d)))), states: [r, c] };
    };
  },
};

export type AdafactorMomentumHypers = AdafactorHypers & {
  readonly beta1: number;
  readonly weight_decay: number;
};

/**
 * Adafactor with the first moment that its authors' code allows, of the step after clipping, and decoupled weight decay, as SOLO
 * (arXiv 2505.00347) quantizes it. The moment holds the learning rate of each step.
 *
 *   r, c and u as above
 *   m = beta1*m + (1 - beta1)*lr*u / max(1, rms(u)/d)
 *   p = p - lr*weight_decay*p
 *   p = p - m
 */
export const adafactorWithMomentum: TensorRule<AdafactorMomentumHypers> = {
  states: ["m", "r", "c"],
  shapes: ["element", "row", "col"],
  at(hyper, t, { round }) {
    const beta = 1 - t ** -hyper.decay;
    const [beta2, rest2] = [round(beta), round(1 - beta)];
    const [eps1, d] = [round(hyper.eps1), round(hyper.d)];
    const [beta1, step] = [round(hyper.beta1), round((1 - hyper.beta1) * hyper.lr)];
    const decay = round(hyper.lr * hyper.weight_decay);
    return (fields, p, g, [m0 = p, r0 = p, c0 = p]) => {
      const { kept, add, sub, mul, div, sqrt, max, rowmean, colmean, rms } = fields;
      const s = add(mul(g, g), eps1);
      const r = kept(add(mul(beta2, r0), mul(rest2, rowmean(s))), r0);
      const c = kept(add(mul(beta2, c0), mul(rest2, colmean(s))), c0);
      const u = div(g, sqrt(mul(div(r, colmean(r)), c)));
      const m = add(mul(beta1, m0), div(mul(step, u), max(1, div(rms(u), d))));
      return { p: sub(sub(p, mul(decay, p)), m), states: [m, r, c] };
    };
  },
};

export type Sm3Hypers = { readonly lr: number; readonly momentum: number };

/**
 * SM3-II, arXiv 1901.11150, with the rows and the columns of each matrix as cover and the momentum of the paper's experiments;
 * 0/0 is 0 there. An accumulator never shrinks: max(r, ...) says so where an element is held, and nothing else.
 *
 *   v = min(r, c) + g*g
 *   r = max(r, rowmax(v))
 *   c = max(c, colmax(v))
 *   m = momentum*m + (1 - momentum)*select(v > 0, g/sqrt(v), 0)
 *   p = p - lr*m
 */
export const sm3: TensorRule<Sm3Hypers> = {
  states: ["m", "r", "c"],
  shapes: ["element", "row", "col"],
  at(hyper, _t, { round }) {
    const lr = round(hyper.lr);
    const [momentum, rest] = [round(hyper.momentum), round(1 - hyper.momentum)];
    return (fields, p, g, [m0 = p, r0 = p, c0 = p]) => {
      const { kept, add, sub, mul, div, sqrt, min, max, ifPositive, rowmax, colmax } = fields;
      const v = add(min(r0, c0), mul(g, g));
      const r = kept(max(r0, rowmax(v)), r0);
      const c = kept(max(c0, colmax(v)), c0);
      const m = add(mul(momentum, m0), mul(rest, ifPositive(v, div(g, sqrt(v)), 0)));
      return { p: sub(p, mul(lr, m)), states: [m, r, c] };
    };
  },
};

/**
 * AdamW with a factored second moment, arXiv 2309.01507, section 4.3: Adafactor's factors with Adam's beta2, its bias
 * correction and its first moment, without clipping.
 *
 *   s = g*g + eps1
 *   m = beta1*m + (1 - beta1)*g
 *   r = beta2*r + (1 - beta2)*rowmean(s)
 *   c = beta2*c + (1 - beta2)*colmean(s)
 *   v = r/colmean(r)*c
 *   p = p - lr*weight_decay*p
 *   p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 */
export const factoredAdamw: TensorRule<AdamHypers & { readonly eps1: number }> = {
  states: ["m", "r", "c"],
  shapes: ["element", "row", "col"],
  at(hyper, t, { round }) {
    const lr = round(hyper.lr);
    const decay = round(hyper.lr * hyper.weight_decay);
    const [beta1, rest1] = [round(hyper.beta1), round(1 - hyper.beta1)];
    const [beta2, rest2] = [round(hyper.beta2), round(1 - hyper.beta2)];
    const [correction1, correction2] = [round(1 - hyper.beta1 ** t), round(1 - hyper.beta2 ** t)];
    const [eps, eps1] = [round(hyper.eps), round(hyper.eps1)];
    return ({ kept, add, sub, mul, div, sqrt, rowmean, colmean }, p, g, [m0 = p, r0 = p, c0 = p]) => {
      const s = add(mul(g, g), eps1);
      const m = add(mul(beta1, m0), mul(rest1, g));
      const r = kept(add(mul(beta2, r0), mul(rest2, rowmean(s))), r0);
      const c = kept(add(mul(beta2, c0), mul(rest2, colmean(s))), c0);
      const v = mul(div(r, colmean(r)), c);
      const decayed = sub(p, mul(decay, p));
      const denominator = add(sqrt(div(v, correction2)), eps);
      const change = div(mul(lr, div(m, correction1)), denominator);
      return { p: sub(decayed, change), states: [m, r, c] };
    };
  },
};
