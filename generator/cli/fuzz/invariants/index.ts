import type { Codec } from "../../../../runtime/index.js";
import type { StatePlan } from "../../../lower/plan.js";
import { halfInvariants } from "./half.js";
import type { Invariant } from "./invariant.js";
import { tableInvariants } from "./table.js";

/** What must hold of a state's codec; nothing where it is float32. */
export function invariantsOf({ name: state, codec: plan }: StatePlan, codec: Codec | undefined): Invariant[] {
  if (plan.kind === "f32") return [];
  if (codec === undefined) throw new Error(`the package exports no codec of ${state}`);
  return plan.kind === "bf16"
    ? halfInvariants({ state, plan, codec })
    : tableInvariants({ state, plan, codec });
}
