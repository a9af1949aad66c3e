import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Source } from "../parse/source.js";
import type { Ast } from "./ast.js";
import { typeExpression } from "./expressions.js";
import { namesIn } from "./flow.js";
import { parseExpression } from "./parse.js";
import type { Schedule } from "./types.js";
import { evaluateUniform } from "./uniform.js";
import { reporter, type Value } from "./values.js";

export interface Schedules {
  /** In an order in which each uses only numbers and earlier ones. */
  readonly schedules: readonly Schedule[];
  /** Every hyper at the first step with the defaults; undefined where some could not be analyzed. */
  readonly defaults: Readonly<Record<string, number>> | undefined;
}

/** Resolves the hypers that are given by an expression. `elements` are names that a schedule may not use. */
export function analyzeSchedules(
  hypers: NonNullable<OptimizerSpec["hyper"]>,
  elements: readonly string[],
  source: Source,
  diagnostics: Diagnostic[],
  used: Set<string>,
): Schedules {
  const before = diagnostics.length;
  const pending = parseAll(hypers, source, diagnostics, used);
  const values = new Map<string, Value | undefined>([
    ["t", { shape: "uniform", type: "number", uniform: { kind: "step" } }],
  ]);
  for (const name of Object.keys(hypers)) {
    values.set(name, { shape: "uniform", type: "number", uniform: { kind: "hyper", name } });
  }

  const schedules: Schedule[] = [];
  while (pending.size > 0) {
    const ready = [...pending].find(([, ast]) => namesIn(ast).every(({ name }) => !pending.has(name)));
    if (ready === undefined) {
      const circle = findCircle(pending);
      diagnostics.push(describeCircle(circle, source));
      for (const name of circle) pending.delete(name);
      continue;
    }
    const [name, ast] = ready;
    pending.delete(name);
    const report = reporter(source, ["hyper", name], diagnostics);
    const foreign = namesIn(ast).find((read) => elements.includes(read.name) && !values.has(read.name));
    if (foreign !== undefined) {
      const remedy = "a schedule is computed once a step, from numbers, t and other hypers";
      report("E305", foreign.span, `${foreign.name} differs from element to element`, remedy);
      continue;
    }
    const value = typeExpression(ast, { values, used, report, assigned: new Set(), defaults: undefined });
    if (value?.shape !== "uniform") continue;
    if (value.type === "number") schedules.push({ name, value: value.uniform });
    else
      report("E306", ast.span, `the schedule of ${name} is a truth value`, "write select(condition, a, b)");
  }
  return { schedules, defaults: diagnostics.length > before ? undefined : defaultsOf(hypers, schedules) };
}

function parseAll(
  hypers: NonNullable<OptimizerSpec["hyper"]>,
  source: Source,
  diagnostics: Diagnostic[],
  used: Set<string>,
): Map<string, Ast> {
  const parsed = new Map<string, Ast>();
  for (const [name, value] of Object.entries(hypers)) {
    if (typeof value === "number") continue;
    for (const word of value.match(/[A-Za-z]\w*/g) ?? []) used.add(word);
    const result = parseExpression(value, (offset) => source.inside(["hyper", name], offset));
    if ("diagnostics" in result) diagnostics.push(...result.diagnostics);
    else parsed.set(name, result.ast);
  }
  return parsed;
}

/** Follows, from the first, what each depends on until one comes again. */
function findCircle(pending: ReadonlyMap<string, Ast>): string[] {
  const path: string[] = [];
  let [name] = pending.keys();
  while (name !== undefined && !path.includes(name)) {
    path.push(name);
    const ast = pending.get(name);
    name = ast && namesIn(ast).find((read) => pending.has(read.name))?.name;
  }
  return path.slice(path.indexOf(name ?? ""));
}

function describeCircle(circle: readonly string[], source: Source): Diagnostic {
  const [first = ""] = circle;
  const chain = [...circle, first].join(" -> ");
  return {
    code: "E310",
    position: source.at(["hyper", first]),
    message: `the schedule of ${first} depends on itself: ${chain}`,
    remedy: `write ${first} as a number, or as an expression of t and of hypers that do not depend on it`,
  };
}

function defaultsOf(hypers: NonNullable<OptimizerSpec["hyper"]>, schedules: readonly Schedule[]) {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(hypers)) if (typeof value === "number") numbers[name] = value;
  for (const { name, value } of schedules) numbers[name] = evaluateUniform(value, numbers, 1);
  return numbers;
}
