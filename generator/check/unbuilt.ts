import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Source } from "../parse/source.js";

/** What the language has and this version does not build yet: named, never ignored. */
export function unbuiltDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  if (spec.math !== "fast") return [];
  return [
    {
      code: "E501",
      position: source.at(["math"]),
      message: "math: fast is not built yet",
      remedy: "this version builds math: exact",
    },
  ];
}
