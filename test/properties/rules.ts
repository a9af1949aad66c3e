import fc from "fast-check";
import {
  adabelief,
  adafactor,
  adafactorWithMomentum,
  adagrad,
  adam,
  adamw,
  ademamix,
  factoredAdamw,
  lamb,
  lars,
  lion,
  type Rule,
  relativeAdafactor,
  rmsprop,
  sgdm,
  sm3,
  type TensorRule,
} from "../oracle/index.js";

/** A rule of the oracle, and the same rule in the update language. */
export interface RuleText {
  readonly name: string;
  readonly rule: Rule<Record<string, number>> | TensorRule<Record<string, number>>;
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
  rule: rule as RuleText["rule"],
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
  text(
    "adabelief",
    adabelief,
    `m = beta1*m + (1 - beta1)*g
s = beta2*s + (1 - beta2)*(g - m)*(g - m) + eps
p = p - lr*weight_decay*p
p = p - lr * (m/(1 - beta1^t)) / (sqrt(s/(1 - beta2^t)) + eps)
`,
    moments,
  ),
  text(
    "ademamix",
    ademamix,
    `m = beta1*m + (1 - beta1)*g
slow = min(beta3, exp(log(beta1)*log(beta3)/((1 - t/t_beta3)*log(beta3) + t/t_beta3*log(beta1))))*slow + (1 - min(beta3, exp(log(beta1)*log(beta3)/((1 - t/t_beta3)*log(beta3) + t/t_beta3*log(beta1)))))*g
v = beta2*v + (1 - beta2)*g*g
p = p - lr*weight_decay*p
p = p - lr * (m/(1 - beta1^t) + min(alpha, alpha*t/t_alpha)*slow) / (sqrt(v/(1 - beta2^t)) + eps)
`,
    {
      ...moments,
      beta1: fc.constantFrom(0.9, 0.5, 0.99),
      beta3: fc.constantFrom(0.9999, 0.99),
      alpha: fc.constantFrom(5, 0, 1),
      t_alpha: fc.constantFrom(1, 2, 10),
      t_beta3: fc.constantFrom(1, 2, 10),
    },
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

const decay = fc.constantFrom(0.8, 0.5, 0, 1);
const eps1 = fc.constantFrom(1e-30, 0, 1e-3);
const d = fc.constantFrom(1, 0.5, 1e3);

const factors = `s = g*g + eps1
r = (1 - t^-decay)*r + (1 - (1 - t^-decay))*rowmean(s)
c = (1 - t^-decay)*c + (1 - (1 - t^-decay))*colmean(s)
u = g / sqrt(r/colmean(r)*c)
`;

/** Rules that reduce, with states of rows and columns. */
export const wholeTensors: readonly RuleText[] = [
  text("adafactor", adafactor, `${factors}p = p - lr*u / max(1, rms(u)/d)\n`, { lr, decay, eps1, d }),
  text(
    "relativeAdafactor",
    relativeAdafactor,
    `${factors}p = p - lr*max(eps2, rms(p))*u / max(1, rms(u)/d)\n`,
    { lr, decay, eps1, d, eps2: fc.constantFrom(1e-3, 0, 1) },
  ),
  text(
    "adafactorWithMomentum",
    adafactorWithMomentum,
    `${factors}m = beta1*m + (1 - beta1)*lr*u / max(1, rms(u)/d)
p = p - lr*weight_decay*p
p = p - m
`,
    { lr, decay, eps1, d, beta1: beta, weight_decay },
  ),
  text(
    "sm3",
    sm3,
    `v = min(r, c) + g*g
r = max(r, rowmax(v))
c = max(c, colmax(v))
m = momentum*m + (1 - momentum)*select(v > 0, g/sqrt(v), 0)
p = p - lr*m
`,
    { lr, momentum: beta },
  ),
  text(
    "factoredAdamw",
    factoredAdamw,
    `s = g*g + eps1
m = beta1*m + (1 - beta1)*g
r = beta2*r + (1 - beta2)*rowmean(s)
c = beta2*c + (1 - beta2)*colmean(s)
v = r/colmean(r)*c
p = p - lr*weight_decay*p
p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
`,
    { ...moments, eps1 },
  ),
  text(
    "lamb",
    lamb,
    `m = beta1*m + (1 - beta1)*g
v = beta2*v + (1 - beta2)*g*g
u = (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps) + weight_decay*p
trust = select(min(norm(p), norm(u)) > 0, norm(p)/norm(u), 1)
p = p - lr*trust*u
`,
    moments,
  ),
  text(
    "lars",
    lars,
    `trust = select(min(norm(p), norm(g)) > 0, eta*norm(p) / (norm(g) + weight_decay*norm(p)), 1)
m = momentum*m + lr*trust*(g + weight_decay*p)
p = p - m
`,
    { lr, momentum: beta, weight_decay, eta: fc.constantFrom(1e-3, 1, 0) },
  ),
];
