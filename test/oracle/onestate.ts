import { sign } from "./arithmetic.js";
import type { Rule } from "./rule.js";

export type SgdmHypers = {
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
};

/**
 * SGD with momentum as PyTorch writes it (Sutskever et al. 2013, with lr outside the momentum). The
 * first m is d; the state starts at 0, so that needs no case of its own.
 *
 *   d = g + weight_decay*p
 *   m = momentum*m + d
 *   p = p - lr*m
 */
export const sgdm: Rule<SgdmHypers> = {
  states: ["m"],
  at(hyper, _t, { round, add, sub, mul }) {
    const lr = round(hyper.lr);
    const momentum = round(hyper.momentum);
    const decay = round(hyper.weight_decay);
    return (p, g, [m0 = 0]) => {
      const d = add(g, mul(decay, p));
      const m = add(mul(momentum, m0), d);
      return { p: sub(p, mul(lr, m)), states: [m] };
    };
  },
};

export type LionHypers = {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weight_decay: number;
};

/**
 * Lion, arXiv 2302.06675, algorithm 2.
 *
 *   p = p - lr*weight_decay*p
 *   c = beta1*m + (1 - beta1)*g
 *   p = p - lr*sign(c)
 *   m = beta2*m + (1 - beta2)*g
 */
export const lion: Rule<LionHypers> = {
  states: ["m"],
  at(hyper, _t, { round, add, sub, mul }) {
    const lr = round(hyper.lr);
    const decay = round(hyper.lr * hyper.weight_decay);
    const [beta1, rest1] = [round(hyper.beta1), round(1 - hyper.beta1)];
    const [beta2, rest2] = [round(hyper.beta2), round(1 - hyper.beta2)];
    return (p, g, [m0 = 0]) => {
      const decayed = sub(p, mul(decay, p));
      const c = add(mul(beta1, m0), mul(rest1, g));
      const m = add(mul(beta2, m0), mul(rest2, g));
      return { p: sub(decayed, mul(lr, sign(c))), states: [m] };
    };
  },
};

export type RmspropHypers = {
  readonly lr: number;
  readonly alpha: number;
  readonly eps: number;
  readonly weight_decay: number;
};

/**
 * RMSprop as PyTorch writes it (Hinton's lecture 6e), without momentum, not centred.
 *
 *   d = g + weight_decay*p
 *   v = alpha*v + (1 - alpha)*d*d
 *   p = p - lr*d / (sqrt(v) + eps)
 */
export const rmsprop: Rule<RmspropHypers> = {
  states: ["v"],
  at(hyper, _t, { round, add, sub, mul, div, sqrt }) {
    const lr = round(hyper.lr);
    const [alpha, rest] = [round(hyper.alpha), round(1 - hyper.alpha)];
    const eps = round(hyper.eps);
    const decay = round(hyper.weight_decay);
    return (p, g, [v0 = 0]) => {
      const d = add(g, mul(decay, p));
      const v = add(mul(alpha, v0), mul(mul(rest, d), d));
      return { p: sub(p, div(mul(lr, d), add(sqrt(v), eps))), states: [v] };
    };
  },
};

export type AdagradHypers = {
  readonly lr: number;
  readonly lr_decay: number;
  readonly eps: number;
  readonly weight_decay: number;
};

/**
 * Adagrad as PyTorch writes it (Duchi et al. 2011, diagonal form).
 *
 *   d = g + weight_decay*p
 *   v = v + d*d
 *   p = p - lr/(1 + (t - 1)*lr_decay)*d / (sqrt(v) + eps)
 */
export const adagrad: Rule<AdagradHypers> = {
  states: ["v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const lr = round(hyper.lr / (1 + (t - 1) * hyper.lr_decay));
    const eps = round(hyper.eps);
    const decay = round(hyper.weight_decay);
    return (p, g, [v0 = 0]) => {
      const d = add(g, mul(decay, p));
      const v = add(v0, mul(d, d));
      return { p: sub(p, div(mul(lr, d), add(sqrt(v), eps))), states: [v] };
    };
  },
};
