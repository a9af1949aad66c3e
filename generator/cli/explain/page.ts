import type { Plan } from "../../lower/plan.js";
import { columns, section } from "../text.js";
import { dtypeLines } from "./dtypes.js";
import { statePages } from "./states.js";
import { variantPages } from "./variants.js";

/** A resolved spec for a reader: rule, hypers, uniforms, codecs with their tables, layout, passes and bytes. */
export function explainPage(plan: Plan): string {
  const sections = [
    section(`${plan.name}: ${plan.title}`, plan.reference === "" ? [] : [plan.reference]),
    section("Rule, for each element, in float32", [
      ...plan.update.split("\n"),
      "",
      nonfinite[plan.nonfinite],
    ]),
    section("Hypers", hyperLines(plan)),
    section("Computed by the host once a step, in float64, then rounded to float32", uniformLines(plan)),
    ...dtypePages(plan),
    ...statePages(plan),
    ...variantPages(plan),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

function dtypePages(plan: Plan): string[] {
  const lines = dtypeLines(plan);
  return lines.length === 0 ? [] : [section("Parameters and gradients, bytes a parameter", lines)];
}

const nonfinite: Readonly<Record<Plan["nonfinite"], string>> = {
  hold: "An element whose gradient or result is not finite keeps its parameter and its states.",
  propagate: "What is not finite propagates, as IEEE 754 has it.",
};

function hyperLines({ hypers }: Plan): string[] {
  if (hypers.length === 0) return ["none"];
  return columns(
    hypers.map(({ name, default: value, text }) =>
      value === null ? [name, text, "a schedule"] : [name, text],
    ),
  );
}

function uniformLines({ uniforms }: Plan): string[] {
  if (uniforms.length === 0) return ["nothing"];
  return columns(uniforms.map(({ name, text }) => (name === text ? [name] : [name, `= ${text}`])));
}
