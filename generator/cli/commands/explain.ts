import type { Plan } from "../../lower/plan.js";
import { choose, type Options } from "../options.js";
import { readSpec, reportDiagnostics, resolveFiles } from "../specs.js";

/** Prints one spec as a page for readers, or as what a stage of the compiler makes of it. */
export async function explain(path: string, options: Options): Promise<number> {
  const stage = options.one("stage");
  const { targetNames } = await import("../targets.js");
  if (stage !== undefined) choose("stage", stage, ["spec", "plan", "ir", ...targetNames]);
  if (stage === "spec") return explainSpec(path);

  const specs = await resolveFiles([path]);
  const [spec] = specs ?? [];
  if (spec === undefined) return 1;
  process.stdout.write(await textOf(spec.plan, stage));
  return 0;
}

/** What `parse` accepted, with every key in the order of the file. */
async function explainSpec(path: string): Promise<number> {
  const text = readSpec(path);
  const { parse } = await import("../../parse/index.js");
  const parsed = text.ok ? parse(text.value) : text;
  if (!parsed.ok) {
    reportDiagnostics(path, parsed.diagnostics);
    return 1;
  }
  const { stringify } = await import("yaml");
  process.stdout.write(stringify(parsed.value.spec, { lineWidth: 0 }));
  return 0;
}

async function textOf(plan: Plan, stage: string | undefined): Promise<string> {
  if (stage === undefined) return (await import("../explain/page.js")).explainPage(plan);
  if (stage === "plan") return `${JSON.stringify(plan, null, 2)}\n`;
  const { build } = await import("../../build/index.js");
  const kernels = build(plan);
  if (stage === "ir") return (await import("../../print/ir.js")).printKernels(kernels);
  const { render } = await import("../../render/index.js");
  const { selectTargets } = await import("../targets.js");
  const files = selectTargets([stage]).flatMap((target) => render(kernels, plan, target));
  return files.map(({ path, text }) => `==> ${path} <==\n${text}`).join("\n");
}
