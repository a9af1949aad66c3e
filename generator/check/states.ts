import type { OptimizerSpec, StateSpec } from "../../spec/schema.js";
import type { Diagnostic, DiagnosticCode } from "../diagnostics.js";
import type { Source } from "../parse/source.js";
import { tableDiagnostics } from "./tables.js";

/** A diagnostic of one state, at the value of one of its keys, or at its name. */
export type Report = (
  code: DiagnosticCode,
  key: string | readonly [string, ...(string | number)[]],
  message: string,
  remedy: string,
) => Diagnostic;

/** Each state's codec fits its bits, its sign and itself. */
export function stateDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  return Object.entries(spec.states ?? {}).flatMap(([name, state]) => {
    const report: Report = (code, key, message, remedy) => {
      const path = ["states", name, ...[key].flat()];
      return { code, position: source.at(path), message, remedy };
    };
    return state.bits >= 16 ? plainState(name, state, report) : quantizedState(name, state, report);
  });
}
