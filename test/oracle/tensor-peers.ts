import type { AdafactorHypers } from "./factored.js";
import type { AdamHypers, SgdmHypers } from "./optimizers.js";
import type { TensorRule } from "./tensor-rule.js";

/** Rules over whole tensors as the published libraries compute them; see peers.ts. */

/**
 * Adafactor of PyTorch, for matrices. The step is relative to the root mean square of the parameters; eps1 is
 * not added to the squares but the least of mean(r), its square the least of v.
 *
 *   r = r + (1 - beta2)*(rowmean(g*g) - r)
 *   c = c + (1 - beta2)*(colmean(g*g) - c)
 *   u = g * (1/sqrt(max(r*c/max(colmean(r), eps1), eps1^2)))
 *   p = p - lr*max(eps2, rms(p))/max(1, rms(u)/d)*u
 */
export const torchAdafactor: TensorRule<AdafactorHypers & { readonly eps2: number }> = {
  states: ["r", "c"],
  shapes: ["row", "col"],
  at(hyper, t, { round }) {
    const [lr, rest2] = [round(hyper.lr), round(t ** -hyper.decay)];
    const [eps1, square] = [round(hyper.eps1), round(hyper.eps1 ** 2)];
    const [eps2, d] = [round(hyper.eps2), round(hyper.d)];
    return ({ add, sub, mul, div, sqrt, max, rowmean, colmean, rms }, p, g, [r0 = p, c0 = p]) => {
      const r = add(r0, mul(rest2, sub(rowmean(mul(g, g)), r0)));
      const c = add(c0, mul(rest2, sub(colmean(mul(g, g)), c0)));
      const v = div(mul(r, c), max(colmean(r), eps1));
      const u = mul(g, div(1, sqrt(max(v, square))));
      const step = div(mul(lr, max(eps2, rms(p))), max(1, div(rms(u), d)));
      return { p: sub(p, mul(step, u)), states: [r, c] };
    };
  },
};

/**
 * The same for vectors, whose second moment is whole.
 *
 *   v = v + (1 - beta2)*(g*g - v)
 *   u = g * (1/sqrt(max(v, eps1^2)))
 */
export const torchAdafactorVector: TensorRule<AdafactorHypers & { readonly eps2: number }> = {
  states: ["v"],
  shapes: ["element"],
  at(hyper, t, { round }) {
    const [lr, rest2] = [round(hyper.lr), round(t ** -hyper.decay)];
    const [square, eps2, d] = [round(hyper.eps1 ** 2), round(hyper.eps2), round(hyper.d)];
    return ({ add, sub, mul, div, sqrt, max, rms }, p, g, [v0 = p]) => {
      const v = add(v0, mul(rest2, sub(mul(g, g), v0)));
      const u = mul(g, div(1, sqrt(max(v, square))));
      const step = div(mul(lr, max(eps2, rms(p))), max(1, div(rms(u), d)));
      return { p: sub(p, mul(step, u)), states: [v] };
    };
  },
};

/**
 * AdamW of lpmm with a factored second moment, for matrices; its vectors are `torchAdamw`.
 *
 *   p = p * (1 - lr*weight_decay)
 *   m = m + (1 - beta1)*(g - m)
 *   r = beta2*r + (1 - beta2)*rowmean(g*g)
 *   c = beta2*c + (1 - beta2)*colmean(g*g)
 *   v = r/colmean(r)*c
 *   p = p + (-lr/(1 - beta1^t)) * (m / (sqrt(v)/sqrt(1 - beta2^t) + eps))
 */
export const lpmmFactor: TensorRule<AdamHypers> = {
  states: ["m", "r", "c"],
  shapes: ["element", "row", "col"],
  at(hyper, t, { round }) {
    const keep = round(1 - hyper.lr * hyper.weight_decay);
    const [rest1, beta2, rest2] = [round(1 - hyper.beta1), round(hyper.beta2), round(1 - hyper.beta2)];
    const step = round(-hyper.lr / (1 - hyper.beta1 ** t));
    const root = round(Math.sqrt(1 - hyper.beta2 ** t));
    const eps = round(hyper.eps);
    return ({ add, sub, mul, div, sqrt, rowmean, colmean }, p, g, [m0 = p, r0 = p, c0 = p]) => {
      const m = add(m0, mul(rest1, sub(g, m0)));
      const r = add(mul(beta2, r0), mul(rest2, rowmean(mul(g, g))));
      const c = add(mul(beta2, c0), mul(rest2, colmean(mul(g, g))));
      const v = mul(div(r, colmean(r)), c);
      const denominator = add(div(sqrt(v), root), eps);
      return { p: add(mul(p, keep), mul(step, div(m, denominator))), states: [m, r, c] };
    };
  },
};

/**
 * LAMB of bitsandbytes: its Adam, whose step is cut where it is longer than the parameters; the paper's is always
 * as long as they are. Decay comes last and is not part of the length.
 *
 *   m = m*beta1 + (1 - beta1)*g
 *   v = v*beta2 + (1 - beta2)*g*g
 *   u = (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 *   p = p - lr*min(norm(p)/norm(u), 1)*u
 *   p = p * (1 - lr*weight_decay)
 */
export const bnbLamb: TensorRule<AdamHypers> = {
  states: ["m", "v"],
  shapes: ["element", "element"],
  at(hyper, t, { round, sub: minus, mul: times }) {
    const lr = round(hyper.lr);
    const [beta1, beta2] = [round(hyper.beta1), round(hyper.beta2)];
    const [rest1, rest2] = [minus(1, beta1), minus(1, beta2)];
    const [correction1, correction2] = [minus(1, round(beta1 ** t)), minus(1, round(beta2 ** t))];
    const eps = round(hyper.eps);
    const keep = minus(1, times(lr, round(hyper.weight_decay)));
    return ({ add, sub, mul, div, sqrt, min, norm }, p, g, [m0 = p, v0 = p]) => {
      const m = add(mul(m0, beta1), mul(rest1, g));
      const v = add(mul(v0, beta2), mul(mul(rest2, g), g));
      const u = div(div(m, correction1), add(sqrt(div(v, correction2)), eps));
      const scale = mul(lr, min(div(norm(p), norm(u)), 1));
      return { p: mul(sub(p, mul(scale, u)), keep), states: [m, v] };
    };
  },
};

/**
 * LARS of bitsandbytes: momentum whose step is cut at `max_unorm` times the length of the parameters. The length of the step
 * is taken before decay enters it.
 *
 *   cut = max_unorm*norm(p) / norm(momentum*m + g)
 *   m = momentum*m + (g + weight_decay*p)
 *   p = p - lr*min(cut, 1)*m
 */
export const bnbLars: TensorRule<SgdmHypers & { readonly max_unorm: number }> = {
  states: ["m"],
  shapes: ["element"],
  at(hyper, _t, { round }) {
    const [lr, momentum] = [round(hyper.lr), round(hyper.momentum)];
    const [decay, most] = [round(hyper.weight_decay), round(hyper.max_unorm)];
    return ({ add, sub, mul, div, min, norm }, p, g, [m0 = p]) => {
      const cut = div(mul(most, norm(p)), norm(add(mul(momentum, m0), g)));
      const m = add(mul(momentum, m0), add(g, mul(decay, p)));
      return { p: sub(p, mul(mul(lr, min(cut, 1)), m)), states: [m] };
    };
  },
};
