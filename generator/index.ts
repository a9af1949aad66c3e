import { bind } from "./bind/index.js";
import { build } from "./build/index.js";
import { check } from "./check/index.js";
import { type Result, success } from "./diagnostics.js";
import type { Kernel } from "./ir/types.js";
import { lower } from "./lower/index.js";
import type { Plan } from "./lower/plan.js";
import { parse } from "./parse/index.js";
import { render } from "./render/index.js";
import type { SourceFile, Target } from "./target.js";

/** A spec, compiled. */
export interface Package {
  readonly plan: Plan;
  readonly kernels: readonly Kernel[];
  /** Everything under `generated/<name>/`. */
  readonly files: readonly SourceFile[];
}

/** The text of a spec to its plan, or to what is wrong with it. */
export function resolve(text: string): Result<Plan> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const checked = check(parsed.value);
  return checked.ok ? success(lower(checked.value)) : checked;
}

/** The text of a spec to a package for these targets. */
export function compile(text: string, targets: readonly Target[]): Result<Package> {
  const resolved = resolve(text);
  if (!resolved.ok) return resolved;
  const plan = resolved.value;
  const kernels = build(plan);
  const sources = targets.flatMap((target) => render(kernels, plan, target));
  return success({ plan, kernels, files: [...sources, ...bind(plan, targets, sources)] });
}
