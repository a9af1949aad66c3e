import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";

/** What the language has and this version does not build yet: named, never ignored. */
export function unbuiltDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const unbuilt = (path: Path, what: string, remedy: string): void => {
    diagnostics.push({ code: "E501", position: source.at(path), message: `${what} is not built yet`, remedy });
  };

  for (const [name, { mapping, normalize, scale, shape }] of Object.entries(spec.states ?? {})) {
    const path = ["states", name];
    const kind = typeof mapping === "object" ? Object.keys(mapping)[0] : mapping;
    if (kind !== undefined && !["dynamic", "linear", "table"].includes(kind)) {
      unbuilt([...path, "mapping"], `the mapping ${kind}`, "this version builds dynamic, linear and table");
    }
    if (typeof normalize === "string" && normalize !== "tensor") {
      unbuilt([...path, "normalize"], `the normalization ${normalize}`, "this version builds { block: size } and tensor");
    }
    if (scale !== undefined && scale !== "f32") {
      unbuilt([...path, "scale"], `a scale in ${scale}`, "this version stores scales as f32");
    }
    if (shape !== undefined && shape !== "element") {
      unbuilt([...path, "shape"], `a state of shape ${shape}`, "this version builds element states");
    }
  }
  if (spec.param !== undefined && spec.param !== "f32") {
    unbuilt(["param"], `param ${JSON.stringify(spec.param)}`, "this version builds f32 parameters and gradients");
  }
  if (spec.math === "fast") unbuilt(["math"], "math: fast", "this version builds math: exact");
  return diagnostics;
}
