import { describeState } from "../build/index.js";
import type { Plan } from "../lower/plan.js";

/** What the header of every generated file says: the spec's name and the resolved plan. */
export function packageView(plan: Plan) {
  const [quantized] = plan.variants;
  return {
    spec: plan.name,
    className: plan.className,
    title: plan.title,
    reference: plan.reference,
    rule: plan.update.split("\n"),
    codecs: plan.states.map(({ name, shape, codec, minSize }) => {
      const small = minSize > 0 ? `; float32 below ${minSize} elements` : "";
      return `${name}: ${describeState(shape, codec)}${small}`;
    }),
    uniformTexts: plan.uniforms.map(({ name, text }) => ({ name, text })),
    tileOf: quantized?.tile ?? 0,
    nonfinite: plan.nonfinite,
    isFast: plan.math === "fast",
  };
}
