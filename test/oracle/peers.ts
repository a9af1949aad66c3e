import type { AdamHypers, AdemamixHypers, LionHypers } from "./optimizers.js";
import type { Rule } from "./rule.js";

/**
 * Rules as the published libraries order them: the same mathematics as the papers', another rounding.
 * For comparing with their trajectories only; see test/goldens/README.md.
 */

/**
 * AdamW of PyTorch and of lpmm. Decay is one factor; the first moment is a `lerp`; the correction of the
 * second moment is a square root on the host.
 *
 *   p = p * (1 - lr*weight_decay)
 *   m = m + (1 - beta1)*(g - m)
 *   v = beta2*v + (1 - beta2)*g*g
 *   p = p + (-lr/(1 - beta1^t)) * (m / (sqrt(v)/sqrt(1 - beta2^t) + eps))
 */
export const torchAdamw: Rule<AdamHypers> = {
  states: ["m", "v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const keep = round(1 - hyper.lr * hyper.weight_decay);
    const [rest1, rest2] = [round(1 - hyper.beta1), round(1 - hyper.beta2)];
    const beta2 = round(hyper.beta2);
    const step = round(-hyper.lr / (1 - hyper.beta1 ** t));
    const root = round(Math.sqrt(1 - hyper.beta2 ** t));
    const eps = round(hyper.eps);
    return (p, g, [m0 = 0, v0 = 0]) => {
      const m = add(m0, mul(rest1, sub(g, m0)));
      const v = add(mul(beta2, v0), mul(mul(rest2, g), g));
      const denominator = add(div(sqrt(v), root), eps);
      return { p: add(mul(p, keep), mul(step, div(m, denominator))), states: [m, v] };
    };
  },
};

/**
 * AdamW of torchao: both moments are a `lerp`, the rest is the papers' order.
 *
 *   p = p - lr*weight_decay*p
 *   m = m + (1 - beta1)*(g - m)
 *   v = v + (1 - beta2)*(g*g - v)
 *   p = p - lr * (m/(1 - beta1^t)) / (sqrt(v)/sqrt(1 - beta2^t) + eps)
 */
export const aoAdamw: Rule<AdamHypers> = {
  states: ["m", "v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const lr = round(hyper.lr);
    const decay = round(hyper.lr * hyper.weight_decay);
    const [rest1, rest2] = [round(1 - hyper.beta1), round(1 - hyper.beta2)];
    const correction1 = round(1 - hyper.beta1 ** t);
    const root = round(Math.sqrt(1 - hyper.beta2 ** t));
    const eps = round(hyper.eps);
    return (p, g, [m0 = 0, v0 = 0]) => {
      const m = add(m0, mul(rest1, sub(g, m0)));
      const v = add(v0, mul(rest2, sub(mul(g, g), v0)));
      const change = div(mul(lr, div(m, correction1)), add(div(sqrt(v), root), eps));
      return { p: sub(sub(p, mul(decay, p)), change), states: [m, v] };
    };
  },
};

/**
 * Adam and AdamW of bitsandbytes' CUDA kernel (they are one there): decay comes last and takes the update
 * along; eps is scaled instead of the root.
 *
 *   m = m*beta1 + (1 - beta1)*g
 *   v = v*beta2 + (1 - beta2)*g*g
 *   p = p + (-lr*sqrt(1 - beta2^t)/(1 - beta1^t)) * (m / (sqrt(v) + sqrt(1 - beta2^t)*eps))
 *   p = p * (1 - lr*weight_decay)
 */
export const bnbAdam: Rule<AdamHypers> = {
  states: ["m", "v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const lr = round(hyper.lr);
    const [beta1, beta2] = [round(hyper.beta1), round(hyper.beta2)];
    const [rest1, rest2] = [sub(1, beta1), sub(1, beta2)];
    const root = sqrt(sub(1, round(beta2 ** t)));
    const step = div(mul(-lr, root), sub(1, round(beta1 ** t)));
    const eps = mul(root, round(hyper.eps));
    const keep = sub(1, mul(lr, round(hyper.weight_decay)));
    return (p, g, [m0 = 0, v0 = 0]) => {
      const m = add(mul(m0, beta1), mul(rest1, g));
      const v = add(mul(v0, beta2), mul(mul(rest2, g), g));
      const moved = add(p, mul(step, div(m, add(sqrt(v), eps))));
      return { p: mul(moved, keep), states: [m, v] };
    };
  },
};

/**
 * Lion of bitsandbytes: decay is one factor.
 *
 *   p = p * (1 - lr*weight_decay)
 *   p = p - lr*sign(beta1*m + (1 - beta1)*g)
 *   m = beta2*m + (1 - beta2)*g
 */
export const bnbLion: Rule<LionHypers> = {
  states: ["m"],
  at(hyper, _t, { round, add, sub, mul }) {
    const lr = round(hyper.lr);
    const [beta1, beta2] = [round(hyper.beta1), round(hyper.beta2)];
    const [rest1, rest2] = [sub(1, beta1), sub(1, beta2)];
    const keep = sub(1, mul(lr, round(hyper.weight_decay)));
    return (p, g, [m0 = 0]) => {
      const c = add(mul(m0, beta1), mul(rest1, g));
      const m = add(mul(m0, beta2), mul(rest2, g));
      return { p: sub(mul(p, keep), mul(lr, Math.sign(c))), states: [m] };
    };
  },
};

/**
 * AdEMAMix of bitsandbytes, without warm-up: decay comes last and takes the update along; the second moment's
 * correction is a square root.
 *
 *   m = m*beta1 + (1 - beta1)*g
 *   slow = slow*beta3 + (1 - beta3)*g
 *   v = v*beta2 + (1 - beta2)*g*g
 *   p = p - lr*((m/(1 - beta1^t) + alpha*slow) / (sqrt(v)/sqrt(1 - beta2^t) + eps))
 *   p = p * (1 - lr*weight_decay)
 */
export const bnbAdemamix: Rule<AdemamixHypers> = {
  states: ["m", "slow", "v"],
  at(hyper, t, { round, add, sub, mul, div, sqrt }) {
    const [beta1, beta2, beta3] = [round(hyper.beta1), round(hyper.beta2), round(hyper.beta3)];
    const [rest1, rest2, rest3] = [sub(1, beta1), sub(1, beta2), sub(1, beta3)];
    const [lr, alpha, eps] = [round(hyper.lr), round(hyper.alpha), round(hyper.eps)];
    const [correction, root] = [sub(1, round(beta1 ** t)), sqrt(sub(1, round(beta2 ** t)))];
    const keep = sub(1, mul(lr, round(hyper.weight_decay)));
    return (p, g, [m0 = 0, slow0 = 0, v0 = 0]) => {
      const m = add(mul(m0, beta1), mul(rest1, g));
      const slow = add(mul(slow0, beta3), mul(rest3, g));
      const v = add(mul(v0, beta2), mul(mul(rest2, g), g));
      const direction = div(add(div(m, correction), mul(alpha, slow)), add(div(sqrt(v), root), eps));
      return { p: mul(sub(p, mul(lr, direction)), keep), states: [m, slow, v] };
    };
  },
};
