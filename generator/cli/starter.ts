/** The spec that `init` writes: valid as it is, and a tour of the language. */
export function starterSpec(name: string, schema: string): string {
  return `# yaml-language-server: $schema=${schema}
#
#   lowbit-gen check   FILE    is it valid? errors with line, column and a remedy
#   lowbit-gen explain FILE    tables, layout, passes, bytes a parameter
#   lowbit-gen build   FILE    -> generated/${name}/

# Names the package, its folder and, in camel case, its class.
name: ${name}
title: 4-bit AdamW
# A paper, as a URL or a citation.
reference: https://arxiv.org/abs/2309.01507

# Hyperparameters and their defaults; the caller can change each one at any step. Instead of a number, a schedule: an
# expression of t (the step, from 1) and other hypers, computed once a step on the host, such as
#   beta2: "1 - t^-0.8"
#   lr: "1e-3 * min(1, t/100)"
hyper:
  lr: 1e-3
  beta1: 0.9
  beta2: 0.999
  eps: 1e-8
  weight_decay: 0.01

# What the optimizer keeps between steps, one value an element; every state starts at zero.
#   bits       1 to 8: quantized and truly packed, 3 bits are 3 bits; 16: bfloat16; 32: float32
#   signed     whether it takes negative values
#   mapping    where the 2^bits levels lie:
#                dynamic                    finer towards zero: for values of many magnitudes; of unsigned ones also
#                                           { dynamic: { zero: false } }, without the level 0
#                { linear: { zero: true } }    evenly spaced; zero: false leaves the level 0 out
#                { power: 2 }                  powers of evenly spaced ones, none of them 0
#                { float: { exponent: 4 } }    a small float; sign and exponent leave the rest to the fraction
#                { compand: softsign, grid: linear }  evenly spaced after a transform: softsign, sqrt, mu-law or none
#                { table: [0, 0.25, 0.5, 1] }  by hand, ascending, within [-1, 1], or [0, 1] if unsigned
#   normalize  what shares one scale, its absolute maximum: { block: 128 } elements, or the whole tensor
#   scale      how that is kept: f32, or rounded to f16 or bf16 and two a word
#   rounding   nearest, or stochastic: right on average, so that many small changes are not lost
#   min_size   tensors of fewer elements keep the state in float32 (default 4096)
states:
  m: { bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 }, rounding: nearest }
  # Without zero: a second moment rounded to zero would make its parameter's step 1 / eps.
  v: { bits: 4, signed: false, mapping: { linear: { zero: false } }, normalize: { block: 128 }, rounding: nearest }

# The rule, from top to bottom, for each element: p is the parameter, g the gradient, t the step; other names are hypers,
# states, or locals that you assign. + - * / ^, comparisons, select(condition, a, b), min, max, abs, sign, sqrt; exp and
# log of hypers, numbers and t. Everything is float32, rounded once an operation, in the order written.
update: |
  m = beta1*m + (1 - beta1)*g
  v = beta2*v + (1 - beta2)*g*g
  p = p - lr*weight_decay*p
  p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)

# What an element does whose gradient or update is not finite: hold leaves it and its states as they were; propagate
# is plain IEEE arithmetic.
nonfinite: hold
`;
}
