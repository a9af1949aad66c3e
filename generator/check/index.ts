import type { OptimizerSpec } from "../../spec/schema.js";
import { failure, type Result, success } from "../diagnostics.js";
import type { ParsedSpec } from "../parse/index.js";
import { analyze } from "../rule/analyze.js";
import type { Rule } from "../rule/types.js";
import { dtypeDiagnostics } from "./dtypes.js";
import { nameDiagnostics } from "./names.js";
import { stateDiagnostics } from "./states.js";

/** A spec that can be lowered, with its update rule analyzed. */
export interface CheckedSpec {
  readonly spec: OptimizerSpec;
  readonly rule: Rule;
}

/** The rules that go across fields: names, codecs, dtypes and the update rule. */
export function check({ spec, source }: ParsedSpec): Result<CheckedSpec> {
  const { rule, diagnostics } = analyze(spec, source);
  const all = [
    ...nameDiagnostics(spec, source),
    ...stateDiagnostics(spec, source),
    ...dtypeDiagnostics(spec, source),
    ...diagnostics,
  ];
  return all.length === 0 ? success({ spec, rule }) : failure(all);
}
