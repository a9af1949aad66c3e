import { check } from "./check/index.js";
import { planDiagnostics } from "./check/plan.js";
import { failure, type Result, success } from "./diagnostics.js";
import { lower } from "./lower/index.js";
import type { Plan } from "./lower/plan.js";
import { parse } from "./parse/index.js";

/** The text of a spec to its plan, or to what is wrong with it: parse, check, lower. */
export function resolve(text: string): Result<Plan> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const checked = check(parsed.value);
  if (!checked.ok) return checked;
  const plan = lower(checked.value);
  const diagnostics = planDiagnostics(plan, parsed.value.source);
  return diagnostics.length === 0 ? success(plan) : failure(diagnostics);
}
