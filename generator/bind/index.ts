import type { Plan } from "../lower/plan.js";
import type { SourceFile, Target } from "../target.js";
export function bind(_plan: Plan, _targets: readonly Target[], _sources: readonly SourceFile[]): SourceFile[] {
  return [];
}
