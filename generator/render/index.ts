import type Handlebars from "handlebars";
import untypedRuntime from "handlebars/runtime.js";
import type { Kernel } from "../ir/types.js";
import type { Plan } from "../lower/plan.js";
import type { Skeleton, SourceFile, Target } from "../target.js";
import { packageView } from "./package-view.js";
import { unionOf } from "./union.js";
import { kernelView } from "./view.js";

/** Kernels to the files of one target. */
export function render(kernels: readonly Kernel[], plan: Plan, given: Target): SourceFile[] {
  const target = plan.math === "fast" ? { ...given, ...given.fast } : given;
  const partials = Object.fromEntries(
    Object.entries(target.partials).map(([name, skeleton]) => [name, compiled(skeleton)]),
  );
  const apply = (skeleton: string, view: object): string => {
    const source = target.skeletons[skeleton];
    if (source === undefined) throw new Error(`the target ${target.name} has no skeleton ${skeleton}`);
    return tidy(compiled(source)(view, { partials }));
  };

  const header = packageView(plan);
  const rendered = kernels.map((kernel) => {
    const own = kernelView(kernel, target);
    /** The arrays of a tensor that the kernel finds, without its sizes. */
    const found = own.fields.filter((field) => !own.geometry.includes(field));
    const view = { ...header, ...own, found };
    const text = apply(target.kernel.skeletons[kernel.kind], view);
    return { ...view, text, quotedText: text.replace(/[`\\]|\$\{/g, "\\$&") };
  });
  const { path } = target.kernel;
  const kernelFiles =
    path === null ? [] : rendered.map(({ name, text }) => ({ path: path.replace("$0", name), text }));
  const all = { ...header, kernels: rendered, ...unionOf(rendered) };
  const packageFiles = target.packages.map((file) => ({
    path: file.path,
    text: apply(file.skeleton, all),
  }));
  return [...kernelFiles, ...packageFiles];
}

/** handlebars declares its runtime-only half without types. */
const runtime = untypedRuntime as unknown as Pick<typeof Handlebars, "template">;

/** A template keeps the programs of its blocks once they have run. */
const templates = new WeakMap<Skeleton, HandlebarsTemplateDelegate>();

function compiled(skeleton: Skeleton): HandlebarsTemplateDelegate {
  const template = templates.get(skeleton) ?? runtime.template(skeleton as TemplateSpecification);
  templates.set(skeleton, template);
  return template;
}

/** No blanks at line ends, no runs of blank lines, one line break at the end. */
function tidy(text: string): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return `${lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}
