import fc from "fast-check";
import { adagrad, adam, adamw, lion, type Rule, rmsprop, sgdm } from "../oracle/index.js";

/** A rule of the oracle, and the same rule in the update language. */
export interface RuleText {
  readonly name: string;
  readonly rule: Rule<Record<string, number>>;
  readonly update: string;
  readonly hypers: fc.Arbitrary<Record<string, number>>;
}

const lr = fc.constantFrom(1e-3, 0, 0.1, 1, 3e-4, 1e-30, 1e10);
const beta = fc.constantFrom(0.9, 0, 0.5, 0.99, 0.999, 0.1, 1);
const eps = fc.constantFrom(1e-8, 0, 1e-3, 1, 1e-40);
const weight_decay = fc.constantFrom(0, 0.01, 0.1, 1);

const text = (
  name: string,
  rule: unknown,
  update: string,
  hypers: Record<string, fc.Arbitrary<number>>,
): RuleText => ({
  name,
  rule: rule as Rule<Record<string, number>>,
  update,
  hypers: fc.record(hypers),
});

const moments = { lr, beta1: beta, beta2: beta, eps, weight_decay };

/** As the comments of test/oracle/ have them. */
export const twoMoments: readonly RuleText[] = [
  text(
    "adamw",
    adamw,
    `m = beta1*m + (1 - beta1)*g
v = beta2*v + (1 - beta2)*g*g
p = p - lr*weight_decay*p
p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
`,
    moments,
  ),
  text(
    "adam",
    adam,
    `d = g + weight_decay*p
m = beta1*m + (1 - beta1)*d
v = beta2*v + (1 - beta2)*d*d
p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
`,
    moments,
  ),
];

export const oneMoment: readonly RuleText[] = [
  text(
    "sgdm",
    sgdm,
    `d = g + weight_decay*p
m = momentum*m + d
p = p - lr*m
`,
    { lr, momentum: beta, weight_decay },
  ),
  text(
    "lion",
    lion,
    `p = p - lr*weight_decay*p
c = beta1*m + (1 - beta1)*g
p = p - lr*sign(c)
m = beta2*m + (1 - beta2)*g
`,
    { lr, beta1: beta, beta2: beta, weight_decay },
  ),
  text(
    "rmsprop",
    rmsprop,
    `d = g + weight_decay*p
v = alpha*v + (1 - alpha)*d*d
p = p - lr*d / (sqrt(v) + eps)
`,
    { lr, alpha: beta, eps, weight_decay },
  ),
  text(
    "adagrad",
    adagrad,
    `d = g + weight_decay*p
v = v + d*d
p = p - lr/(1 + (t - 1)*lr_decay)*d / (sqrt(v) + eps)
`,
    { lr, lr_decay: fc.constantFrom(0, 1e-3, 1), eps, weight_decay },
  ),
];
