import { check } from "./check/index.js";
import { type Result, success } from "./diagnostics.js";
import { lower } from "./lower/index.js";
import type { Plan } from "./lower/plan.js";
import { parse } from "./parse/index.js";

/** The text of a spec to its plan, or to what is wrong with it: parse, check, lower. */
export function resolve(text: string): Result<Plan> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const checked = check(parsed.value);
  return checked.ok ? success(lower(checked.value)) : checked;
}
