import type { Diagnostic } from "../diagnostics.js";
import { nearest } from "../nearest.js";
import type { Source } from "../parse/source.js";
import type { RuleText } from "./analyze.js";
import type { Assignment } from "./ast.js";
import { Flow, namesIn } from "./flow.js";

/** What a rule declares and does not use: each is a mistake in a spec of some 20 lines. */
export function usageDiagnostics(
  spec: RuleText,
  assignments: readonly Assignment[],
  read: ReadonlySet<string>,
  source: Source,
): Diagnostic[] {
  const hypers = Object.keys(spec.hyper ?? {});
  const states = Object.keys(spec.states ?? {}).filter((name) => !["p", "g", "t"].includes(name));
  const targets = new Set(assignments.map(({ target }) => target));
  const declared = new Set(["p", "g", "t", ...hypers, ...states]);
  const known = [...declared, ...targets];
  // An undefined name that is like nothing may stand for anything, so nothing is surely unused.
  const isUnclear = ({ value }: Assignment): boolean =>
    namesIn(value).some(({ name }) => nearest(name, known) === undefined);
  if (assignments.some(isUnclear)) return [];

  const flow = new Flow(assignments, known);
  const unassigned = ["p", ...states].filter((name) => !targets.has(name));
  const idle = [...targets].filter((name) => !declared.has(name) && !flow.feeds(name, ["p", ...states]));
  /** A local that nothing reads and that looks like a name that is never assigned is one mistake with it. */
  const meant = new Map(idle.map((name) => [name, nearest(name, unassigned)]));
  const absent = unassigned.filter((name) => ![...meant.values()].includes(name));
  const unused = (path: readonly string[], message: string, remedy: string): Diagnostic => ({
    code: "E308",
    position: source.key(path),
    message,
    remedy,
  });

  const ofStates = states.flatMap((name): Diagnostic[] => {
    const path = ["states", name];
    if (absent.includes(name)) {
      const message = `the state ${name} is never assigned, so it stays zero`;
      return [unused(path, message, "assign it in update, or remove it")];
    }
    if (unassigned.includes(name)) return [];
    if (!flow.carried.has(name)) {
      const message = `the state ${name} is never read before it is assigned, so nothing is kept in it`;
      const remedy = `read what the last step left, as in ${name} = beta*${name} + ..., or make it a local`;
      return [unused(path, message, remedy)];
    }
    if (unassigned.includes("p") || flow.feeds(name, ["p"])) return [];
    return [unused(path, `the state ${name} has no effect on p`, "use it where p is assigned, or remove it")];
  });

  const ofLocals = assignments.flatMap(({ target, targetSpan }, index): Diagnostic[] => {
    const isFirst = assignments.findIndex((other) => other.target === target) === index;
    if (!isFirst || !idle.includes(target)) return [];
    const name = meant.get(target);
    // What a missing assignment of p, or another unused local, would have read is not told as well.
    if (name === undefined && (absent.includes("p") || flow.feeds(target, idle))) return [];
    const remedy =
      name === undefined
        ? "remove the assignment, or use it below"
        : `did you mean ${name}? it is never assigned`;
    const position = source.inside(["update"], targetSpan.start);
    return [{ code: "E308", position, message: `the local ${target} is never used`, remedy }];
  });

  const message = "update never assigns p";
  const ofP: Diagnostic[] = absent.includes("p")
    ? [{ code: "E309", position: source.key(["update"]), message, remedy: "write p = p - ..." }]
    : [];
  // What is missing above may be what would have used a hyper.
  const idleHypers = unassigned.length > 0 ? [] : hypers.filter((name) => !read.has(name));
  const ofHypers = idleHypers.map((name) =>
    unused(
      ["hyper", name],
      `the hyper ${name} is never used`,
      "use it in update or in a schedule, or remove it",
    ),
  );
  return [...ofStates, ...ofLocals, ...ofP, ...ofHypers];
}
