import type { AdamHypers } from "./adam.js";
import type { SgdmHypers } from "./onestate.js";
import type { TensorRule } from "./tensor-rule.js";

/**
 * LAMB, arXiv 1904.00962, algorithm 2 with phi(x) = x. The trust ratio of a tensor that is 0, or whose update is, is 1, as in
 * the authors' own code.
 *
 *   m = beta1*m + (1 - beta1)*g
 *   v = beta2*v + (1 - beta2)*g*g
 *   u = (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps) + weight_decay*p
 *   trust = select(min(norm(p), norm(u)) > 0, norm(p)/norm(u), 1)
 *   p = p - lr*trust*u
 */
export const lamb: TensorRule<AdamHypers> = {
  states: ["m", "v"],
  shapes: ["element", "element"],
  at(hyper, t, { round }) {
    const lr = round(hyper.lr);
    const decay = round(hyper.weight_decay);
    const [beta1, rest1] = [round(hyper.beta1), round(1 - hyper.beta1)];
    const [beta2, rest2] = [round(hyper.beta2), round(1 - hyper.beta2)];
    const [correction1, correction2] = [round(1 - hyper.beta1 ** t), round(1 - hyper.beta2 ** t)];
    const eps = round(hyper.eps);
    return ({ add, sub, mul, div, sqrt, min, ifPositive, norm }, p, g, [m0 = p, v0 = p]) => {
      const m = add(mul(beta1, m0), mul(rest1, g));
      const v = add(mul(beta2, v0), mul(mul(rest2, g), g));
      const adam = div(div(m, correction1), add(sqrt(div(v, correction2)), eps));
      const u = add(adam, mul(decay, p));
      const [ofP, ofU] = [norm(p), norm(u)];
      const trust = ifPositive(min(ofP, ofU), div(ofP, ofU), 1);
      return { p: sub(p, mul(mul(lr, trust), u)), states: [m, v] };
    };
  },
};

/**
 * LARS, arXiv 1708.03888, algorithm 1. The momentum holds the learning rate of each step, as there. The trust ratio of a
 * tensor that is 0, or whose gradient is, is 1.
 *
 *   trust = select(min(norm(p), norm(g)) > 0, eta*norm(p) / (norm(g) + weight_decay*norm(p)), 1)
 *   m = momentum*m + lr*trust*(g + weight_decay*p)
 *   p = p - m
 */
export const lars: TensorRule<SgdmHypers & { readonly eta: number }> = {
  states: ["m"],
  shapes: ["element"],
  at(hyper, _t, { round }) {
    const [lr, eta, decay] = [round(hyper.lr), round(hyper.eta), round(hyper.weight_decay)];
    const momentum = round(hyper.momentum);
    return ({ add, sub, mul, div, min, ifPositive, norm }, p, g, [m0 = p]) => {
      const [ofP, ofG] = [norm(p), norm(g)];
      const ratio = div(mul(eta, ofP), add(ofG, mul(decay, ofP)));
      const trust = ifPositive(min(ofP, ofG), ratio, 1);
      const m = add(mul(momentum, m0), mul(mul(lr, trust), add(g, mul(decay, p))));
      return { p: sub(p, m), states: [m] };
    };
  },
};
