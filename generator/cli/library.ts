/** What `import ... from "lowbit-gen"` gives: the compiler as functions. */
import { targets as allTargets } from "../../templates/index.js";
import { type Result, SpecError } from "../diagnostics.js";
import { emit, type Package } from "../index.js";
import type { Plan } from "../lower/plan.js";
import { resolve } from "../resolve.js";
import { readSpec } from "./specs.js";
import { selectTargets } from "./targets.js";

export {
  type Diagnostic,
  type DiagnosticCode,
  diagnosticCodes,
  formatDiagnostic,
  type Position,
  SpecError,
} from "../diagnostics.js";
export type { Package } from "../index.js";
export type { Kernel } from "../ir/types.js";
export type * from "../lower/plan.js";
export type { AccuracyClass, SourceFile, Target } from "../target.js";
export { UserError } from "./errors.js";

/** Every target there is, in the order in which packages list them. */
export const targets = allTargets;

export interface CompileOptions {
  /** Names of targets; all of them where it is left out. */
  readonly targets?: readonly string[];
}

/**
 * Reads a spec file (YAML or JSON) and resolves it: names, shapes, exact tables, layout, passes.
 *
 * @throws {SpecError} with every diagnostic; E101 where the file cannot be read
 */
export async function loadSpec(path: string): Promise<Plan> {
  return unwrap(path, parseSpec(path));
}

function parseSpec(path: string): Result<Plan> {
  const text = readSpec(path);
  return text.ok ? resolve(text.value) : text;
}

/**
 * Compiles a plan, or the text of a spec, to the files of a package. Nothing is written.
 *
 * @throws {SpecError} where a text is not a valid spec; its `file` is then "spec"
 * @throws {UserError} for an unknown target, with those there are
 */
export function compile(spec: Plan | string, options: CompileOptions = {}): Package {
  const plan = typeof spec === "string" ? unwrap("spec", resolve(spec)) : spec;
  return emit(plan, options.targets === undefined ? allTargets : selectTargets(options.targets));
}

function unwrap<T>(file: string, result: Result<T>): T {
  if (result.ok) return result.value;
  throw new SpecError(file, result.diagnostics);
}
