import { op } from "../ir/expr.js";
import type { Expr } from "../ir/types.js";
import type { Plan, ReductionExpr } from "../lower/plan.js";
import { isKnown, translate } from "./translate.js";
import type { FragmentWriter } from "./writer.js";

/** Called at each reduction that is not given, with what it is taken of. */
type AtReduction = (statement: number, reduction: ReductionExpr, arg: Expr) => void;

/**
 * Follows the rule, assignment by assignment, as far as it can be computed from what is given: in a kernel of rows, for
 * example, nothing that differs along a row is.
 *
 * @param old p, g and states before the step
 * @param given statements that need not be computed
 * @returns the last value of each name
 */
export function walkRule(
  plan: Plan,
  old: ReadonlyMap<string, Expr>,
  given: ReadonlyMap<number, Expr>,
  writer: FragmentWriter,
  atReduction: AtReduction = () => {},
): Map<string, Expr> {
  const latest = new Map(old);
  const holds = plan.nonfinite === "hold";
  for (const [statement, { target, role, shape, value }] of plan.rule.entries()) {
    const known = given.get(statement);
    if (known !== undefined) {
      latest.set(target, known);
    } else if (value.kind === "reduce") {
      if (isKnown(value.arg, latest)) atReduction(statement, value, translate(value.arg, latest, writer));
      latest.delete(target);
    } else if (isKnown(value, latest)) {
      const expr = translate(value, latest, writer);
      const next = writer.bind(role === "local" ? target : `${target}_new`, expr);
      const kept = role === "state" && shape !== "element" && holds ? old.get(target) : undefined;
      latest.set(target, kept === undefined ? next : writer.bind(`${target}_held`, heldOf(next, kept)));
    } else {
      latest.delete(target);
    }
  }
  return latest;
}

/** What it was where the new value is not finite. */
function heldOf(next: Expr, kept: Expr): Expr {
  return op("f32.select", op("f32.is_finite", next), next, kept);
}
