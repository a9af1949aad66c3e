import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import { correctionName, namesOfState } from "../names.js";
import type { Path, Source } from "../parse/source.js";
import { callable, reductions } from "../rule/functions.js";

const meanings = new Map([
  ["p", "the parameter"],
  ["g", "the gradient"],
  ["t", "the step"],
  ["seed", "the seed of stochastic rounding"],
  ["params", "the parameters of a group"],
  ["states", "how the states of a group are kept"],
  ["groups", "the parameter groups of an optimizer"],
  ["grad", "the dtype of an optimizer's gradients"],
  [correctionName, "what is kept of the parameter"],
  ...[...callable, ...reductions].map((name) => [name, "a function"] as const),
]);

/** Names that the language already uses, or that are given to two things. */
export function nameDiagnostics(spec: OptimizerSpec, source: Source): Diagnostic[] {
  const states = Object.keys(spec.states ?? {});
  const owners = new Map(states.flatMap((state) => namesOfState(state).map((name) => [name, state])));
  const operands = new Map(
    ["p", "g", correctionName].flatMap((owner) => namesOfState(owner).map((name) => [name, owner])),
  );
  const places: { name: string; path: Path }[] = [
    ...Object.keys(spec.hyper ?? {}).map((name) => ({ name, path: ["hyper", name] })),
    ...states.map((name) => ({ name, path: ["states", name] })),
  ];
  return places.flatMap(({ name, path }): Diagnostic[] => {
    const wrong = (message: string, remedy: string): Diagnostic[] => [
      { code: "E205", position: source.key(path), message, remedy },
    ];
    const meaning = meanings.get(name);
    const owner = owners.get(name);
    if (meaning !== undefined) return wrong(`${name} already names ${meaning}`, "choose another name");
    if (owner !== undefined) {
      return wrong(`${name} already names what is kept of the state ${owner}`, "choose another name");
    }
    if (operands.has(name)) {
      const what = operands.get(name) === "g" ? "gradient" : "parameter";
      return wrong(`${name} already names what is kept of the ${what}`, "choose another name");
    }
    if (path[0] === "hyper" && states.includes(name)) {
      return wrong(`${name} names a hyper and a state`, "rename one of them");
    }
    return [];
  });
}
