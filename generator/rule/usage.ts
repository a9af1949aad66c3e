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
  const targets = [...new Set(assignments.map(({ target }) => target))];
  const declared = [...hypers, ...states, ...targets, "p", "g", "t"];
  // An undefined name that is like nothing may stand for anything, so nothing is surely unused.
  const unclear = assignments.some(({ value }) =>
    namesIn(value).some(({ name }) => nearest(name, declared) === undefined),
  );
  if (unclear) return [];

  const flow = new Flow(assignments, declared);
  const unassigned = ["p", ...states].filter((name) => !targets.includes(name));
  const idle = targets.filter(
    (name) => !["p", "g", "t", ...hypers, ...states].includes(name) && !flow.feeds(name, ["p", ...states]),
  );
  const misspelt = new Map(idle.map((name) => [name, nearest(name, unassigned)]));
  const absent = unassigned.filter((name) => ![...misspelt.values()].includes(name));
  const diagnostics: Diagnostic[] = [];
  const report = (path: readonly string[], message: string, remedy: string): void => {
    diagnostics.push({ code: "E308", position: source.key(path), message, remedy });
  };

  for (const name of states) {
    const path = ["states", name];
    if (absent.includes(name)) {
      report(
        path,
        `the state ${name} is never assigned, so it stays zero`,
        `assign it in update, or remove it`,
      );
    } else if (unassigned.includes(name)) {
    } else if (!flow.carried.has(name)) {
      report(
        path,
        `the state ${name} is never read before it is assigned, so nothing is kept in it`,
        `read what the last step left, as in ${name} = beta*${name} + ..., or make it a local`,
      );
    } else if (!unassigned.includes("p") && !flow.feeds(name, ["p"])) {
      report(path, `the state ${name} has no effect on p`, "use it where p is assigned, or remove it");
    }
  }
  for (const [name, meant] of misspelt) {
    const assignment = assignments.find(({ target }) => target === name);
    if (assignment === undefined || (meant === undefined && (absent.includes("p") || flow.feeds(name, idle))))
      continue;
    const position = source.inside(["update"], assignment.targetSpan.start);
    const remedy =
      meant === undefined
        ? "remove the assignment, or use it below"
        : `did you mean ${meant}? it is never assigned`;
    diagnostics.push({ code: "E308", position, message: `the local ${name} is never used`, remedy });
  }
  if (absent.includes("p")) {
    diagnostics.push({
      code: "E309",
      position: source.key(["update"]),
      message: "update never assigns p",
      remedy: "write p = p - ...",
    });
  }
  if (unassigned.length === 0) {
    for (const name of hypers.filter((hyper) => !read.has(hyper))) {
      report(
        ["hyper", name],
        `the hyper ${name} is never used`,
        "use it in update or in a schedule, or remove it",
      );
    }
  }
  return diagnostics;
}
