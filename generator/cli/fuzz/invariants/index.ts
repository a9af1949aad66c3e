import type { Codec } from "../../../../runtime/index.js";
import type { StatePlan } from "../../../lower/plan.js";
import { halfInvariants } from "./half.js";
import type { Invariant } from "./invariant.js";
import { logInvariants } from "./log.js";
import { tableInvariants } from "./table.js";

/** What must hold of a state's codec; nothing where it is float32. */
export function invariantsOf({ name: state, codec: plan }: StatePlan, codec: Codec | undefined): Invariant[] {
  if (plan.kind === "f32") return [];
  if (codec === undefined) throw new Error(`the package exports no codec of ${state}`);
  switch (plan.kind) {
    case "bf16":
      return halfInvariants({ state, plan, codec });
    case "log":
      return logInvariants({ state, plan, codec });
    case "table":
      return tableInvariants({ state, plan, codec });
  }
}
