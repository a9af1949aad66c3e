import { isName, nameRule, type OptimizerSpec } from "../../spec/schema.js";
import type { Diagnostic, DiagnosticCode } from "../diagnostics.js";
import type { Source } from "../parse/source.js";
import type { Assignment } from "./ast.js";
import { isFunction, typeExpression } from "./expressions.js";
import { parseRule } from "./parse.js";
import { analyzeSchedules } from "./schedules.js";
import { describeShape, fitsShape } from "./shapes.js";
import type { ElementAssignment, KernelShape, Rule, UniformExpr } from "./types.js";
import { usageDiagnostics } from "./usage.js";
import { asElement, type Report, reporter, type Scope, type Value } from "./values.js";

/** What a rule is read against; of the states the names alone. */
export interface RuleText extends Pick<OptimizerSpec, "hyper" | "update"> {
  readonly states?: Readonly<Record<string, unknown>> | undefined;
}

export interface Analysis {
  readonly rule: Rule;
  readonly diagnostics: readonly Diagnostic[];
}

const usageStaysClear = new Set<DiagnosticCode>(["E302", "E305", "E310", "E311", "E312", "E313", "E501"]);

/** Resolves names and shapes of a spec's update rule and schedules. */
export function analyze(spec: RuleText, source: Source): Analysis {
  const diagnostics: Diagnostic[] = [];
  const hypers = Object.keys(spec.hyper ?? {});
  const states = Object.keys(spec.states ?? {});
  const used = new Set<string>();
  const elements = ["p", "g", ...states];

  const { schedules, defaults } = analyzeSchedules(spec.hyper ?? {}, elements, source, diagnostics, used);
  const parsed = parseRule(spec.update, (offset) => source.inside(["update"], offset));
  if ("diagnostics" in parsed) {
    const rule = { assignments: [], schedules, uniformLocals: {} };
    return { rule, diagnostics: [...diagnostics, ...parsed.diagnostics] };
  }

  const values = new Map<string, Value | undefined>();
  values.set("t", uniform({ kind: "step" }));
  for (const name of hypers) values.set(name, uniform({ kind: "hyper", name }));
  const shapes = new Map(elements.map((name) => [name, shapeOf(spec.states?.[name])]));
  for (const [name, shape] of shapes) values.set(name, stored(name, shape));

  const assignments: ElementAssignment[] = [];
  const uniformLocals: Record<string, UniformExpr> = {};
  const report = reporter(source, ["update"], diagnostics);
  const assigned = new Set(parsed.ast.map(({ target }) => target));
  const scope: Scope = { values, used, report, assigned, defaults };
  for (const assignment of parsed.ast) {
    const { target, value: ast } = assignment;
    const value = typeExpression(ast, scope);
    const role = roleOf(target, states);
    if (!mayAssign(assignment, hypers, elements, report)) {
      if (!values.has(target)) values.set(target, undefined);
      continue;
    }
    if (value?.type === "bool") {
      report(
        "E306",
        ast.span,
        `${target} is given a truth value`,
        "write the condition inside select(condition, a, b)",
      );
    }
    if (value?.type !== "number") {
      values.set(target, role === "local" ? undefined : stored(target, shapes.get(target) ?? "element"));
    } else if (role === "local" && value.shape === "uniform") {
      uniformLocals[target] = value.uniform;
      values.set(target, value);
    } else {
      const shape =
        role === "local" && value.shape !== "uniform" ? value.shape : (shapes.get(target) ?? "element");
      if (!fitsShape(value.shape, shape)) {
        const found = `${target} has ${describeShape[shape]}, and is given ${describeShape[value.shape]}`;
        report("E313", ast.span, found, `reduce it, for example with ${remedyOf[shape]}`);
      }
      assignments.push({ target, role, shape, value: asElement(value, ast, scope) });
      values.set(target, stored(target, shape));
    }
  }

  // What a wrong expression lacks may be what would have used a name.
  const isUsageClear = diagnostics.every(({ code }) => usageStaysClear.has(code));
  if (isUsageClear) diagnostics.push(...usageDiagnostics(spec, parsed.ast, used, source));
  return { rule: { assignments, schedules, uniformLocals }, diagnostics };
}

function roleOf(target: string, states: readonly string[]): ElementAssignment["role"] {
  if (target === "p") return "param";
  if (target === "g") return "gradient";
  return states.includes(target) ? "state" : "local";
}

function mayAssign(
  { target, targetSpan }: Assignment,
  hypers: readonly string[],
  elements: readonly string[],
  report: Report,
): boolean {
  if (elements.includes(target)) return true;
  const remedy = "assign p, a state or a local";
  if (target === "t") report("E307", targetSpan, "t cannot be assigned: it is the step", remedy);
  else if (hypers.includes(target))
    report("E307", targetSpan, `${target} cannot be assigned: it is a hyper`, remedy);
  else if (isFunction(target))
    report("E205", targetSpan, `${target} already names a function`, "choose another name");
  else if (!isName(target)) report("E205", targetSpan, `${target} cannot be a name`, nameRule);
  else return true;
  return false;
}

function stored(name: string, shape: KernelShape): Value {
  return { shape, type: "number", element: { kind: "value", name } };
}

/** Of a state as it is written; what is no shape has been reported. */
function shapeOf(state: unknown): KernelShape {
  const { shape } = Object(state) as { readonly shape?: unknown };
  return shape === "row" || shape === "col" || shape === "tensor" ? shape : "element";
}

const remedyOf: Record<KernelShape, string> = {
  element: "mean",
  row: "rowmean or rowmax",
  col: "colmean or colmax",
  matrix: "rowmean and colmean",
  tensor: "mean, sum, norm, rms or absmax",
};

function uniform(expr: UniformExpr): Value {
  return { shape: "uniform", type: "number", uniform: expr };
}
