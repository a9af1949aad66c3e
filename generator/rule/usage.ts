import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Source } from "../parse/source.js";
import type { Assignment, Ast } from "./ast.js";

/** What a rule declares and does not use: each is a mistake in a spec of some 20 lines. */
export function usageDiagnostics(
  spec: OptimizerSpec,
  assignments: readonly Assignment[],
  read: ReadonlySet<string>,
  alreadyWrong: boolean,
  source: Source,
): Diagnostic[] {
  if (alreadyWrong) return [];
  const diagnostics: Diagnostic[] = [];
  const assigned = new Set(assignments.map(({ target }) => target));
  const carried = readBeforeAssigned(assignments);

  for (const name of Object.keys(spec.states ?? {})) {
    const why = !assigned.has(name) ? "is never assigned" : !carried.has(name) ? "is never read before it is assigned" : undefined;
    if (why === undefined) continue;
    const position = source.key(["states", name]);
    diagnostics.push({ code: "E308", position, message: `the state ${name} ${why}`, remedy: "remove the state, or use it in update" });
  }
  for (const name of Object.keys(spec.hyper ?? {})) {
    if (read.has(name)) continue;
    const position = source.key(["hyper", name]);
    diagnostics.push({ code: "E308", position, message: `the hyper ${name} is never used`, remedy: "remove it, or use it in update or in a schedule" });
  }
  for (const { target, targetSpan } of assignments) {
    const declared = target === "p" || target === "g" || target in (spec.states ?? {});
    if (declared || read.has(target)) continue;
    const position = source.inside(["update"], targetSpan.start);
    diagnostics.push({ code: "E308", position, message: `the local ${target} is never used`, remedy: "remove the assignment" });
  }
  if (!assigned.has("p")) {
    diagnostics.push({ code: "E309", position: source.at(["update"]), message: "update never assigns p", remedy: "write p = p - ..." });
  }
  return diagnostics;
}

/** Names whose value from before the step is read. */
function readBeforeAssigned(assignments: readonly Assignment[]): Set<string> {
  const assigned = new Set<string>();
  const carried = new Set<string>();
  const visit = (ast: Ast): void => {
    if (ast.kind === "name" && !assigned.has(ast.name)) carried.add(ast.name);
    if (ast.kind === "negate") visit(ast.argument);
    if (ast.kind === "binary") [ast.left, ast.right].forEach(visit);
    if (ast.kind === "call") ast.arguments.forEach(visit);
  };
  for (const { target, value } of assignments) {
    visit(value);
    assigned.add(target);
  }
  return carried;
}
