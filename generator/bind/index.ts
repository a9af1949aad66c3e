import { describeParameter, describeState, dtypeNames } from "../build/index.js";
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

/** Nothing of float32, which is how everything is where nothing is said. */
function parametersOf({ dtypes, parameter }: Plan): string[] {
  if (dtypes.every(({ param, grad }) => param === "f32" && grad === "f32")) return [];
  const pairs = dtypes.map(
    ({ param, grad }) => `- ${describeParameter(param, parameter)}, with ${dtypeNames[grad]} gradients`,
  );
  return ["Parameters:", ...pairs, ""];
}

function docOf(plan: Plan): string {
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
    ...parametersOf(plan),
    `Optimizer memory: ${memoryOf(plan)} bytes a parameter.`,
    ...(plan.reference === "" ? [] : ["", `@see ${plan.reference}`]),
  ].join("\n");
}
