import { bind } from "./bind/index.js";
import { build } from "./build/index.js";
import { type Result, success } from "./diagnostics.js";
import type { Kernel } from "./ir/types.js";
import type { Plan } from "./lower/plan.js";
import { resolve } from "./resolve.js";
import { sourcesOf } from "./sources.js";
import type { SourceFile, Target } from "./target.js";

export { resolve } from "./resolve.js";

/** A spec, compiled. */
export interface Package {
  readonly plan: Plan;
  readonly kernels: readonly Kernel[];
  /** Everything under `generated/<name>/`. */
  readonly files: readonly SourceFile[];
}

/** The text of a spec to a package for these targets: resolve, then emit. */
export function compile(text: string, targets: readonly Target[]): Result<Package> {
  const resolved = resolve(text);
  return resolved.ok ? success(emit(resolved.value, targets)) : resolved;
}

/** A plan to a package: build, render (which prints), bind. */
export function emit(plan: Plan, targets: readonly Target[]): Package {
  const kernels = build(plan);
  const sources = sourcesOf(plan, kernels, targets);
  return { plan, kernels, files: [...sources, ...bind(plan, targets, sources)] };
}
