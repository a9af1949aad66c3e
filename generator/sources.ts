import { build } from "./build/index.js";
import type { Kernel } from "./ir/types.js";
import { withEncodersFor } from "./lower/encoders.js";
import type { Plan } from "./lower/plan.js";
import { render } from "./render/index.js";
import type { SourceFile, Target } from "./target.js";

/** A plan and its kernels to the files of some targets. */
export function sourcesOf(plan: Plan, kernels: readonly Kernel[], targets: readonly Target[]): SourceFile[] {
  return targets.flatMap((target) => render(kernelsFor(target, plan, kernels), plan, target));
}

/** The kernels of a plan with the encoders that suit a target; the plan's own where it suits it as it is. */
export function kernelsFor(
  { capabilities }: Target,
  plan: Plan,
  kernels: readonly Kernel[],
): readonly Kernel[] {
  const own = withEncodersFor(capabilities, plan);
  return own === plan ? kernels : build(own);
}
