import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import { paramOf } from "../lower/dtypes.js";
import type { Path, Source } from "../parse/source.js";

/** How parameters are rounded and split fits their dtypes, and each dtype is named once. */
export function dtypeDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const { dtypes, rounding, master } = paramOf(spec);
  const wrong = (path: Path, message: string, remedy: string): Diagnostic[] => [
    { code: "E406", position: source.at(path), message, remedy },
  ];
  const named = typeof spec.param === "object" && "dtype" in spec.param ? ["param", "dtype"] : ["param"];
  const diagnostics = [...twice(named, spec, source), ...twice(["grad"], spec, source)];
  const halves = dtypes.filter((dtype) => dtype !== "f32");
  if (rounding === "stochastic" && halves.length === 0) {
    const message = "param has stochastic rounding and the dtype f32, which is not rounded";
    diagnostics.push(...wrong(["param", "rounding"], message, "remove rounding, or add dtype: bf16 or f16"));
  }
  if (master === undefined) return diagnostics;
  if (!halves.includes("bf16")) {
    const message = `param has master: ${master} and the dtype ${dtypes.join(", ")}, which is not split`;
    diagnostics.push(...wrong(["param", "master"], message, "remove master, or give dtype: bf16"));
  } else if (halves.includes("f16")) {
    const message = `param has master: ${master} and the dtype f16, which does not reach as far as float32`;
    diagnostics.push(...wrong(["param", "master"], message, "remove f16, or write a spec of its own for it"));
  }
  if (master === 32 && rounding === "stochastic") {
    const message = "param has master: 32, which holds a float32 exactly, and stochastic rounding";
    diagnostics.push(...wrong(["param", "rounding"], message, "remove rounding, or give master: 24"));
  }
  return diagnostics;
}

function twice(path: Path, spec: OptimizerSpec, source: Source): Diagnostic[] {
  const list: unknown =
    path[0] === "grad"
      ? spec.grad
      : path.length === 1
        ? spec.param
        : (spec.param as { dtype?: unknown }).dtype;
  if (!Array.isArray(list)) return [];
  const index = list.findIndex((dtype, at) => list.indexOf(dtype) < at);
  if (index < 0) return [];
  const message = `${path[0]} names ${list[index]} twice`;
  return [{ code: "E406", position: source.at([...path, index]), message, remedy: "name each dtype once" }];
}
