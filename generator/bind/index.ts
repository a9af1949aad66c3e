import { describeState } from "../build/index.js";
import { memoryOf } from "../lower/memory.js";
import type { Plan } from "../lower/plan.js";
import type { SourceFile, Target } from "../target.js";
import { compileToJavaScript } from "./javascript.js";
import { printModule } from "./module.js";

/** The typed face of a package: its index, what a JavaScript program imports, and the plan. */
export function bind(plan: Plan, targets: readonly Target[], sources: readonly SourceFile[]): SourceFile[] {
  const index = printModule(plan, targets, docOf(plan));
  const modules = [...index, ...sources].filter(
    ({ path }) => path.endsWith(".ts") && !path.endsWith(".d.ts"),
  );
  return [
    ...index,
    ...modules.map(compileToJavaScript),
    { path: "plan.json", text: `${JSON.stringify(plan, null, 2)}\n` },
  ];
}

function docOf(plan: Plan): string {
  const [variant] = plan.variants;
  const states = plan.states.map(({ name, shape, codec, minSize }) => {
    const small = minSize > 0 ? ` Tensors of fewer than ${minSize} elements keep it in float32.` : "";
    return `- \`${name}\`: ${describeState(shape, codec)}.${small}`;
  });
  return [
    `${plan.title}.`,
    "",
    ...plan.update.split("\n").map((line) => `    ${line}`),
    "",
    "States, one value an element where not said otherwise, which start at zero:",
    ...states,
    "",
    `Optimizer memory: ${variant === undefined ? 0 : memoryOf(variant)} bytes a parameter.`,
    ...(plan.reference === "" ? [] : ["", `@see ${plan.reference}`]),
  ].join("\n");
}
