import type { AdamHypers } from "./adam.js";
import type { Rule } from "./rule.js";

export type AdemamixHypers = AdamHypers & {
  readonly beta3: number;
  readonly alpha: number;
  /** Steps of the warm-ups; 1 for none. */
  readonly t_alpha: number;
  readonly t_beta3: number;
};

/**
 * AdEMAMix, arXiv 2409.03137, algorithm 1, with the schedulers of its section 3: alpha grows linearly, beta3 such that
 * the half-life of its average does, from that of beta1.
 *
 *   alpha_t = min(alpha, alpha*t/t_alpha)
 *   beta3_t = min(beta3, exp(ln beta1 * ln beta3 / ((1 - t/t_beta3)*ln beta3 + t/t_beta3*ln beta1)))
 *   m = beta1*m + (1 - beta1)*g
 *   slow = beta3_t*slow + (1 - beta3_t)*g
 *   v = beta2*v + (1 - beta2)*g*g
 *   p = p - lr*weight_decay*p
 *   p = p - lr * (m/(1 - beta1^t) + alpha_t*slow) / (sqrt(v/(1 - beta2^t)) + eps)
 */
export const ademamix: Rule<AdemamixHypers> = {
  states: ["m", "slow", "v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const [ln1, ln3] = [Math.log(hyper.beta1), Math.log(hyper.beta3)];
    const part = t / hyper.t_beta3;
    const warm = Math.exp((ln1 * ln3) / ((1 - part) * ln3 + part * ln1));
    const beta3 = Math.min(hyper.beta3, warm);
    const alpha = round(Math.min(hyper.alpha, (hyper.alpha * t) / hyper.t_alpha));
    const [lr, decay, eps] = [round(hyper.lr), round(hyper.lr * hyper.weight_decay), round(hyper.eps)];
    const keep = [hyper.beta1, beta3, hyper.beta2].map(round) as [number, number, number];
    const take = [1 - hyper.beta1, 1 - beta3, 1 - hyper.beta2].map(round) as [number, number, number];
    const [correction1, correction2] = [round(1 - hyper.beta1 ** t), round(1 - hyper.beta2 ** t)];
    return (p, g, [m0 = 0, slow0 = 0, v0 = 0]) => {
      const m = add(mul(keep[0], m0), mul(take[0], g));
      const slow = add(mul(keep[1], slow0), mul(take[1], g));
      const v = add(mul(keep[2], v0), mul(mul(take[2], g), g));
      const direction = add(div(m, correction1), mul(alpha, slow));
      const change = div(mul(lr, direction), add(sqrt(div(v, correction2)), eps));
      return { p: sub(sub(p, mul(decay, p)), change), states: [m, slow, v] };
    };
  },
};

/**
 * AdaBelief, arXiv 2010.07468, algorithm 2, with decoupled weight decay.
 *
 *   m = beta1*m + (1 - beta1)*g
 *   s = beta2*s + (1 - beta2)*(g - m)*(g - m) + eps
 *   p = p - lr*weight_decay*p
 *   p = p - lr * (m/(1 - beta1^t)) / (sqrt(s/(1 - beta2^t)) + eps)
 */
export const adabelief: Rule<AdamHypers> = {
  states: ["m", "s"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const [lr, decay, eps] = [round(hyper.lr), round(hyper.lr * hyper.weight_decay), round(hyper.eps)];
    const [beta1, beta2] = [round(hyper.beta1), round(hyper.beta2)];
    const [rest1, rest2] = [round(1 - hyper.beta1), round(1 - hyper.beta2)];
    const [correction1, correction2] = [round(1 - hyper.beta1 ** t), round(1 - hyper.beta2 ** t)];
    return (p, g, [m0 = 0, s0 = 0]) => {
      const m = add(mul(beta1, m0), mul(rest1, g));
      const surprise = sub(g, m);
      const s = add(add(mul(beta2, s0), mul(mul(rest2, surprise), surprise)), eps);
      const change = div(mul(lr, div(m, correction1)), add(sqrt(div(s, correction2)), eps));
      return { p: sub(sub(p, mul(decay, p)), change), states: [m, s] };
    };
  },
};
