import type { OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Source } from "../parse/source.js";
import type { Ast } from "./ast.js";
import { asElement, type Report, type Scope, typeExpression, type Value } from "./expressions.js";
import { parseExpression, parseRule } from "./parse.js";
import type { ElementAssignment, Rule, Schedule, UniformExpr } from "./types.js";
import { usageDiagnostics } from "./usage.js";

export interface Analysis {
  readonly rule: Rule;
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves names and shapes of a spec's update rule and schedules. */
export function analyze(spec: OptimizerSpec, source: Source): Analysis {
  const diagnostics: Diagnostic[] = [];
  const hypers = spec.hyper ?? {};
  const states = Object.keys(spec.states ?? {});
  const used = new Set<string>();

  const schedules = analyzeSchedules(hypers, source, diagnostics, used);
  const parsed = parseRule(spec.update, (offset) => source.inside(["update"], offset));
  if ("diagnostic" in parsed) {
    return { rule: { assignments: [], schedules, uniformLocals: {} }, diagnostics: [...diagnostics, parsed.diagnostic] };
  }

  const report = reporter(source, ["update"], diagnostics);
  const values = new Map<string, Value>();
  for (const name of ["p", "g", ...states]) values.set(name, element(name));
  for (const name of Object.keys(hypers)) values.set(name, uniform({ kind: "hyper", name }));
  values.set("t", uniform({ kind: "step" }));

  const assignments: ElementAssignment[] = [];
  const uniformLocals: Record<string, UniformExpr> = {};
  const scope: Scope = { values, used, report };
  for (const { target, targetSpan, value: ast } of parsed.ast) {
    const value = typeExpression(ast, scope);
    const role = target === "p" ? "param" : target === "g" ? "gradient" : states.includes(target) ? "state" : "local";
    if (target === "t" || target in hypers) {
      report("E307", targetSpan, `${target} cannot be assigned: it is ${target === "t" ? "the step" : "a hyper"}`, "assign p, a state or a local");
      continue;
    }
    if (value === undefined) {
      values.set(target, element(target));
      continue;
    }
    if (value.type === "bool") {
      report("E306", ast.span, `${target} is given a truth value`, "use select(condition, a, b)");
      continue;
    }
    if (role === "local" && value.shape === "uniform") {
      uniformLocals[target] = value.uniform;
      values.set(target, value);
      continue;
    }
    assignments.push({ target, role, value: asElement(value) });
    values.set(target, element(target));
  }

  diagnostics.push(...usageDiagnostics(spec, parsed.ast, used, diagnostics.length > 0, source));
  return { rule: { assignments, schedules, uniformLocals }, diagnostics };
}

function reporter(source: Source, path: readonly string[], diagnostics: Diagnostic[]): Report {
  return (code, span, message, remedy) =>
    diagnostics.push({ code, position: source.inside(path, span.start), message, remedy });
}

function analyzeSchedules(
  hypers: NonNullable<OptimizerSpec["hyper"]>,
  source: Source,
  diagnostics: Diagnostic[],
  used: Set<string>,
): Schedule[] {
  const pending = new Map<string, Ast>();
  for (const [name, value] of Object.entries(hypers)) {
    if (typeof value === "number") continue;
    const parsed = parseExpression(value, (offset) => source.inside(["hyper", name], offset));
    if ("diagnostic" in parsed) diagnostics.push(parsed.diagnostic);
    else pending.set(name, parsed.ast);
  }

  const schedules: Schedule[] = [];
  const values = new Map<string, Value>([["t", uniform({ kind: "step" })]]);
  for (const name of Object.keys(hypers)) values.set(name, uniform({ kind: "hyper", name }));
  for (const name of ["p", "g"]) values.set(name, element(name));

  while (pending.size > 0) {
    const ready = [...pending].find(([, ast]) => names(ast).every((name) => !pending.has(name)));
    if (ready === undefined) {
      for (const name of pending.keys()) {
        diagnostics.push({
          code: "E310",
          position: source.at(["hyper", name]),
          message: `${name} depends on itself through ${[...pending.keys()].join(", ")}`,
          remedy: "write schedules of t and of hypers that are numbers or earlier schedules",
        });
      }
      return schedules;
    }
    const [name, ast] = ready;
    pending.delete(name);
    const report = reporter(source, ["hyper", name], diagnostics);
    const value = typeExpression(ast, { values, used, report });
    if (value === undefined) continue;
    if (value.shape !== "uniform") {
      report("E305", ast.span, `the schedule of ${name} uses an element`, "a schedule is an expression of t and hypers");
    } else if (value.type === "bool") {
      report("E306", ast.span, `the schedule of ${name} is a truth value`, "use select(condition, a, b)");
    } else schedules.push({ name, value: value.uniform });
  }
  return schedules;
}

function names(ast: Ast): string[] {
  switch (ast.kind) {
    case "number":
      return [];
    case "name":
      return [ast.name];
    case "negate":
      return names(ast.argument);
    case "binary":
      return [...names(ast.left), ...names(ast.right)];
    case "call":
      return ast.arguments.flatMap(names);
  }
}

function element(name: string): Value {
  return { shape: "element", type: "number", element: { kind: "value", name } };
}

function uniform(expr: UniformExpr): Value {
  return { shape: "uniform", type: "number", uniform: expr };
}
