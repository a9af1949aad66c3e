import { suggest } from "../nearest.js";
import type { DiagnosticCode } from "../diagnostics.js";
import type { Ast, Span } from "./ast.js";
import { callable, functionRows, operatorFunctions, reductions } from "./functions.js";
import type { ElementExpr, ElementFunction, UniformExpr, UniformFunction } from "./types.js";

type Type = "number" | "bool";

/** An analyzed expression. */
export type Value =
  | { readonly shape: "uniform"; readonly type: Type; readonly uniform: UniformExpr }
  | { readonly shape: "element"; readonly type: Type; readonly element: ElementExpr };

export type Report = (code: DiagnosticCode, span: Span, message: string, remedy: string) => void;

export interface Scope {
  readonly values: ReadonlyMap<string, Value>;
  /** Names read so far. */
  readonly used: Set<string>;
  readonly report: Report;
}

/** The value of an expression, or undefined where something was reported. */
export function typeExpression(ast: Ast, scope: Scope): Value | undefined {
  switch (ast.kind) {
    case "number":
      return { shape: "uniform", type: "number", uniform: { kind: "number", value: ast.value } };
    case "name":
      return typeName(ast, scope);
    case "negate":
      return apply("neg", [ast.argument], ast, scope);
    case "binary":
      return ast.operator === "^" ? typePower(ast, scope) : apply(operatorFunctions[ast.operator], [ast.left, ast.right], ast, scope);
    case "call":
      return typeCall(ast, scope);
  }
}

function typeName(ast: Extract<Ast, { kind: "name" }>, scope: Scope): Value | undefined {
  const value = scope.values.get(ast.name);
  if (value === undefined) {
    scope.report("E302", ast.span, `${ast.name} is not defined here`, suggest(ast.name, [...scope.values.keys()]));
    return undefined;
  }
  scope.used.add(ast.name);
  return value;
}

function typeCall(ast: Extract<Ast, { kind: "call" }>, scope: Scope): Value | undefined {
  const fn = callable.find((name) => name === ast.callee);
  if (fn !== undefined) return apply(fn, ast.arguments, ast, scope);
  if ((reductions as readonly string[]).includes(ast.callee)) {
    scope.report("E501", ast.calleeSpan, `the reduction ${ast.callee} is not built yet`, "this version builds element-wise rules");
  } else {
    scope.report("E303", ast.calleeSpan, `${ast.callee} is not a function`, suggest(ast.callee, [...callable, ...reductions]));
  }
  return undefined;
}

function apply(fn: UniformFunction, argumentAsts: readonly Ast[], ast: Ast, scope: Scope): Value | undefined {
  const row = functionRows[fn];
  const typed = argumentAsts.map((argument) => typeExpression(argument, scope));
  if (argumentAsts.length !== row.arity) {
    scope.report("E304", ast.span, `${fn} takes ${row.arity} arguments, found ${argumentAsts.length}`, `write ${fn}(${"a, b, c".slice(0, row.arity * 3 - 2)})`);
    return undefined;
  }
  if (typed.some((value) => value === undefined)) return undefined;
  const values = typed as Value[];

  for (const [index, value] of values.entries()) {
    const wanted: Type = row.arguments === "select" && index === 0 ? "bool" : "number";
    if (value.type !== wanted) {
      const place = argumentAsts[index] as Ast;
      const remedy = wanted === "bool" ? "write a comparison such as t > 1" : "use select(condition, a, b)";
      scope.report("E306", place.span, `${wanted === "bool" ? "a number" : "a truth value"} where a ${wanted === "bool" ? "truth value" : "number"} is needed`, remedy);
      return undefined;
    }
  }

  const type: Type = row.result === "bool" ? "bool" : "number";
  if (values.every((value) => value.shape === "uniform")) {
    return { shape: "uniform", type, uniform: { kind: "apply", fn, args: values.map((value) => value.uniform) } };
  }
  if (!row.element) {
    scope.report("E305", ast.span, `${fn} of an element`, `this version computes ${fn} of uniform values only (numbers, hypers, t)`);
    return undefined;
  }
  return { shape: "element", type, element: { kind: "apply", fn: fn as ElementFunction, args: values.map(asElement) } };
}

/** x ^ n: any uniform power of a uniform; of an element the powers that are exact products and roots. */
function typePower(ast: Extract<Ast, { kind: "binary" }>, scope: Scope): Value | undefined {
  const base = typeExpression(ast.left, scope);
  const exponent = typeExpression(ast.right, scope);
  if (base === undefined || exponent === undefined) return undefined;
  if (base.shape === "uniform" && exponent.shape === "uniform") return apply("pow", [ast.left, ast.right], ast, scope);
  if (exponent.shape !== "uniform") {
    scope.report("E305", ast.right.span, "the exponent is an element", "an exponent is a number, or a uniform expression over a uniform base");
    return undefined;
  }
  if (base.type === "bool") {
    scope.report("E306", ast.left.span, "a truth value where a number is needed", "use select(condition, a, b)");
    return undefined;
  }
  const power = constantOf(exponent.uniform);
  const element = power === undefined ? undefined : elementPower(asElement(base), power);
  if (element === undefined) {
    scope.report("E311", ast.right.span, "this power of an element cannot be computed exactly", "an element takes the powers 1 to 8, 0.5 and their negatives");
    return undefined;
  }
  return { shape: "element", type: "number", element };
}

function elementPower(base: ElementExpr, power: number): ElementExpr | undefined {
  const size = Math.abs(power);
  const positive: ElementExpr | undefined =
    size === 0.5
      ? { kind: "apply", fn: "sqrt", args: [base] }
      : Number.isInteger(size) && size >= 1 && size <= 8
        ? Array.from({ length: size - 1 }).reduce<ElementExpr>((product) => ({ kind: "apply", fn: "mul", args: [product, base] }), base)
        : undefined;
  if (positive === undefined || power > 0) return positive;
  const one: ElementExpr = { kind: "uniform", expr: { kind: "number", value: 1 } };
  return { kind: "apply", fn: "div", args: [one, positive] };
}

function constantOf(expr: UniformExpr): number | undefined {
  if (expr.kind === "number") return expr.value;
  const [only] = expr.kind === "apply" && expr.fn === "neg" ? expr.args : [];
  return only?.kind === "number" ? -only.value : undefined;
}

export function asElement(value: Value): ElementExpr {
  return value.shape === "element" ? value.element : { kind: "uniform", expr: value.uniform };
}
