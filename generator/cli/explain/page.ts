import { targets } from "../../../templates/index.js";
import type { Plan } from "../../lower/plan.js";
import type { AccuracyClass } from "../../target.js";
import { columns, indent, section } from "../text.js";
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
      ...mathLines(plan),
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

/** Where it is not exact. */
function mathLines({ math }: Plan): string[] {
  if (math === "exact") return [];
  return [
    "math: fast, each operation within the bounds of its target, in units in the last place:",
    ...indent(
      columns(targets.map(({ name, accuracy, fast }) => [name, describe(fast?.accuracy ?? accuracy)])),
    ),
  ];
}

function describe(accuracy: AccuracyClass): string {
  if (accuracy.kind === "exact") return "exact: each operation rounded once";
  const { division, squareRoot } = accuracy;
  return `quotients ${division}, square roots ${squareRoot}, products that feed sums maybe unrounded, subnormal numbers maybe zero`;
}

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
