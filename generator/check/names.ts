import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";
import { callable, reductions } from "../rule/functions.js";

const meanings: Record<string, string> = {
  p: "the parameter",
  g: "the gradient",
  t: "the step",
  seed: "the seed of stochastic rounding",
};

/** Names that the language already uses, or that are given to two things. */
export function nameDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const functions = new Set<string>([...callable, ...reductions]);
  const states = Object.keys(spec.states ?? {});
  const places: { name: string; path: Path }[] = [
    ...Object.keys(spec.hyper ?? {}).map((name) => ({ name, path: ["hyper", name] })),
    ...states.map((name) => ({ name, path: ["states", name] })),
  ];
  return places.flatMap(({ name, path }): Diagnostic[] => {
    const position = source.key(path);
    const meaning = meanings[name] ?? (functions.has(name) ? "a function" : undefined);
    if (meaning !== undefined) {
      return [{ code: "E205", position, message: `${name} already names ${meaning}`, remedy: "choose another name" }];
    }
    if (path[0] === "hyper" && states.includes(name)) {
      return [{ code: "E205", position, message: `${name} names a hyper and a state`, remedy: "rename one of them" }];
    }
    return [];
  });
}
