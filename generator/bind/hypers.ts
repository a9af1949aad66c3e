/** What hypers are called in the field, for the docs of the generated class. */
const meanings = new Map(
  Object.entries({
    lr: "Learning rate: parameter units a step.",
    beta1: "Decay of the first moment a step, in [0, 1).",
    beta2: "Decay of the second moment a step, in [0, 1).",
    beta3: "Decay of the slow first moment a step, in [0, 1).",
    momentum: "Share of the momentum kept a step, in [0, 1).",
    alpha: "Decay or mixing coefficient of the rule.",
    eps: "Added to the denominator.",
    weight_decay: "Weight decay.",
  }),
);

export function describeHyper(name: string, value: number | null, text: string): string {
  const meaning = meanings.get(name) ?? `The hyper ${name} of the update rule.`;
  return `${meaning} ${value === null ? `Schedule: ${text}` : `Default ${value}.`}`;
}
