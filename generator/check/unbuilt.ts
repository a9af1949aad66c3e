import type { OptimizerSpec, StateSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";

type Unbuilt = (path: Path, what: string, remedy: string) => void;

/** What the language has and this version does not build yet: named, never ignored. */
export function unbuiltDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const unbuilt: Unbuilt = (path, what, remedy) => {
    diagnostics.push({
      code: "E501",
      position: source.at(path),
      message: `${what} is not built yet`,
      remedy: `this version builds ${remedy}`,
    });
  };
  for (const [name, state] of Object.entries(spec.states ?? {})) inState(["states", name], state, unbuilt);
  if (spec.math === "fast") unbuilt(["math"], "math: fast", "math: exact");
  return diagnostics;
}

function inState(path: Path, { bits, mapping }: StateSpec, unbuilt: Unbuilt): void {
  // A state that is not quantized has no codec, built or not: that is said elsewhere.
  if (bits >= 16) return;
  const kind = typeof mapping === "object" ? Object.keys(mapping)[0] : mapping;
  if (kind === "log") {
    unbuilt([...path, "mapping"], "the mapping log", "dynamic, linear, power, float, compand and table");
  }
}
