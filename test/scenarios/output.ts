import { describeCodec, describeParameter, dtypeNames } from "../../generator/build/index.js";
import { formatDiagnostic } from "../../generator/diagnostics.js";
import { compile, type Package } from "../../generator/index.js";
import type { ElementKernel, Kernel } from "../../generator/ir/types.js";
import type { Extent, Plan } from "../../generator/lower/plan.js";
import { printFragment } from "../../generator/print/index.js";
import type { Target } from "../../generator/target.js";
import { targets } from "../../templates/index.js";

/** What a scenario folder holds beside its spec. */
export interface Output {
  readonly file: "diagnostics.txt" | "package.txt";
  readonly text: string;
}

/** What becomes of a spec's text: its diagnostics, or an extract of its package. */
export function outputOf(specName: string, text: string): Output {
  const result = compile(text, targets);
  if (!result.ok) {
    const lines = result.diagnostics.map((diagnostic) => formatDiagnostic(specName, diagnostic));
    return { file: "diagnostics.txt", text: `${lines.join("\n")}\n` };
  }
  const sections = [
    describePlan(result.value.plan),
    ...targets.map((target) => describeUpdate(result.value, target)),
  ];
  return { file: "package.txt", text: `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n` };
}

/** The plan without its tables. */
function describePlan(plan: Plan): string[] {
  return [
    `class ${plan.className}: ${plan.title}`,
    `non-finite: ${plan.nonfinite}`,
    ...plan.hypers.map(
      ({ name, text, default: value }) => `${value === null ? "schedule" : "hyper"} ${name} = ${text}`,
    ),
    ...describeDtypes(plan),
    ...plan.uniforms.map(({ name, text }) => `uniform ${name} = ${text}`),
    ...plan.streams.map(({ state, index }) => `random stream ${index} for ${state}`),
    ...plan.states.map(
      ({ name, codec, minSize }) => `state ${name}: ${describeCodec(codec)}, from ${minSize} elements on`,
    ),
    ...plan.variants.flatMap(({ name, minSize, granule, tile, stateBits, passes }) => [
      `variant ${name || "as specified"}: from ${minSize} elements on, granule ${granule}, tile ${tile}, ${stateBits} bits a parameter`,
      ...passes.map((pass) =>
        pass.kind === "fold"
          ? `  ${pass.kernel}: ${extentText(pass.from)} to ${extentText(pass.to)}`
          : pass.kind === "sweep"
            ? `  ${pass.kernel}: squares of ${pass.cut}`
            : `  ${pass.kernel}: tile [${pass.tileStates}], tensor [${pass.globalStates}]`,
      ),
    ]),
  ];
}

/** Nothing of float32 alone. */
function describeDtypes({ dtypes, parameter }: Plan): string[] {
  if (dtypes.every(({ param, grad }) => param === "f32" && grad === "f32")) return [];
  return dtypes.map(
    ({ param, grad, suffix }) =>
      `kernels${suffix === "" ? "" : ` ${suffix}`}: p ${describeParameter(param, parameter)}, g ${dtypeNames[grad]}`,
  );
}

/** The update as the target prints it, each line of which is found in the target's files; results may be declared beforehand. */
function describeUpdate({ plan, kernels, files }: Package, target: Target): string[] {
  const step = stepOf(plan, kernels);
  const lines = printFragment(step.update, target.dialect);
  const printed = files.filter(({ path }) => path.startsWith(`${target.name}/`)).map(({ text }) => text);
  const assigned = lines.map((line) => line.replace(/^const auto /, ""));
  const lost = assigned.filter((line) => !printed.some((text) => text.includes(line)));
  if (lost.length > 0) throw new Error(`${target.name} does not have the line ${lost[0]}`);
  return [`${target.name} ${step.name}`, ...lines.map((line) => `  ${line}`)];
}

function extentText({ shape, per, cut }: Extent): string {
  if (cut !== undefined) return `${shape} by ${cut}`;
  return per > 1 ? `${shape}/${per}` : shape;
}

function stepOf(plan: Plan, kernels: readonly Kernel[]): ElementKernel {
  const name = plan.variants[0]?.passes.at(-1)?.kernel;
  const kernel = kernels.find((candidate) => candidate.name === name);
  if (kernel === undefined || !("update" in kernel)) throw new Error(`no kernel ${name}`);
  return kernel;
}
