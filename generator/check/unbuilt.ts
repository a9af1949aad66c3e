import type { OptimizerSpec } from "../../spec/schema.js";
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
  inParam(spec.param, unbuilt);
  if (spec.math === "fast") unbuilt(["math"], "math: fast", "math: exact");
  return diagnostics;
}

function inParam(param: OptimizerSpec["param"], unbuilt: Unbuilt): void {
  const isMapping = typeof param === "object" && !Array.isArray(param);
  const { dtype = [], rounding, master } = isMapping ? param : { dtype: param };
  const path = isMapping ? ["param", "dtype"] : ["param"];
  for (const [index, name] of [dtype].flat().entries()) {
    if (name === "f32") continue;
    unbuilt(Array.isArray(dtype) ? [...path, index] : path, `a parameter in ${name}`, "parameters in f32");
  }
  if (rounding === "stochastic") {
    unbuilt(
      ["param", "rounding"],
      "stochastic rounding of parameters",
      "parameters in f32, which are not rounded",
    );
  }
  if (master !== undefined) {
    unbuilt(["param", "master"], `a master copy of ${master} bits`, "parameters in f32, which need none");
  }
}
