import { nearest, suggest } from "../nearest.js";
import type { Ast } from "./ast.js";
import { callable, functionRows, operatorFunctions, reductions } from "./functions.js";
import { typePower } from "./power.js";
import { describeShape, joinShapes, reducedShape } from "./shapes.js";
import type { ElementFunction, KernelShape, ReductionFunction, UniformFunction } from "./types.js";
import { formatUniform, isZero } from "./uniform.js";
import { asElement, expectType, type Scope, type Type, type Value } from "./values.js";

/** The value of an expression, or undefined where something was reported. */
export function typeExpression(ast: Ast, scope: Scope): Value | undefined {
  switch (ast.kind) {
    case "number":
      return { shape: "uniform", type: "number", uniform: { kind: "number", value: ast.value } };
    case "name":
      return typeName(ast, scope);
    case "negate":
      return typeApplied("neg", [ast.argument], ast, scope);
    case "binary": {
      if (ast.operator !== "^")
        return typeApplied(operatorFunctions[ast.operator], [ast.left, ast.right], ast, scope);
      const [base, exponent] = [typeExpression(ast.left, scope), typeExpression(ast.right, scope)];
      return base && exponent ? typePower(base, exponent, ast, scope) : undefined;
    }
    case "call":
      return typeCall(ast, scope);
  }
}

function typeName(ast: Extract<Ast, { kind: "name" }>, scope: Scope): Value | undefined {
  const { name, span } = ast;
  scope.used.add(name);
  if (scope.values.has(name)) return scope.values.get(name);
  const names = [...scope.values.keys()];
  if (scope.assigned.has(name)) {
    scope.report("E302", span, `${name} is not defined yet`, "it is assigned below: move that line up");
  } else if (isFunction(name)) {
    scope.report("E302", span, `${name} is a function, not a value`, `write its argument: ${name}(a)`);
  } else {
    // What was meant is used, too.
    scope.used.add(nearest(name, names) ?? name);
    scope.report("E302", span, `${name} is not defined here`, suggest(name, names, "names here"));
  }
  return undefined;
}

function typeCall(ast: Extract<Ast, { kind: "call" }>, scope: Scope): Value | undefined {
  const { callee, calleeSpan } = ast;
  const fn = callable.find((name) => name === callee);
  if (fn !== undefined) return typeApplied(fn, ast.arguments, ast, scope);
  const reduction = reductions.find((name) => name === callee);
  if (reduction !== undefined) return typeReduction(reduction, ast, scope);
  for (const argument of ast.arguments) typeExpression(argument, scope);
  if (scope.values.has(callee)) {
    scope.used.add(callee);
    scope.report(
      "E303",
      calleeSpan,
      `${callee} is a value, not a function`,
      `write ${callee} * (...) to multiply`,
    );
  } else {
    scope.report(
      "E303",
      calleeSpan,
      `${callee} is not a function`,
      suggest(callee, [...callable, ...reductions]),
    );
  }
  return undefined;
}

export function isFunction(name: string): boolean {
  return [...callable, ...reductions].some((known) => known === name);
}

function typeApplied(fn: UniformFunction, asts: readonly Ast[], ast: Ast, scope: Scope): Value | undefined {
  const row = functionRows[fn];
  const typed = asts.map((argument) => typeExpression(argument, scope));
  if (asts.length !== row.arity) {
    const names = row.arguments === "select" ? "condition, a, b" : "a, b".slice(0, 3 * row.arity - 2);
    const count = `${row.arity} argument${row.arity === 1 ? "" : "s"}`;
    scope.report("E304", ast.span, `${fn} takes ${count}, found ${asts.length}`, `write ${fn}(${names})`);
    return undefined;
  }
  const values = typed.filter((value) => value !== undefined);
  if (values.length < typed.length) return undefined;
  for (const [index, value] of values.entries()) {
    const wanted: Type = row.arguments === "select" && index === 0 ? "bool" : "number";
    if (!expectType(wanted, value, asts[index] as Ast, scope)) return undefined;
  }

  const type: Type = row.result === "bool" ? "bool" : "number";
  const uniforms = values.flatMap((value) => (value.shape === "uniform" ? [value.uniform] : []));
  if (uniforms.length === values.length) {
    return { shape: "uniform", type, uniform: { kind: "apply", fn, args: uniforms } };
  }
  if (!row.element) {
    const remedy = `this version computes ${fn} of uniform values only: numbers, hypers, t`;
    scope.report("E305", ast.span, `${fn} of a value that differs from element to element`, remedy);
    return undefined;
  }
  const [, divisor] = fn === "div" ? values : [];
  if (divisor?.shape === "uniform" && isZero(divisor.uniform)) {
    const [, place] = asts as [Ast, Ast];
    scope.report(
      "E312",
      place.span,
      `a division by ${formatUniform(divisor.uniform)}, which is 0`,
      "divide by something else",
    );
  }
  const args = values.map((value, index) => asElement(value, asts[index] as Ast, scope));
  const shape = joinShapes(values.map((value) => value.shape)) as KernelShape;
  return { shape, type, element: { kind: "apply", fn: fn as ElementFunction, args } };
}

function typeReduction(
  fn: ReductionFunction,
  { arguments: asts, span }: Extract<Ast, { kind: "call" }>,
  scope: Scope,
): Value | undefined {
  const [value] = asts.map((argument) => typeExpression(argument, scope));
  const [ast] = asts;
  if (asts.length !== 1 || ast === undefined) {
    scope.report("E304", span, `${fn} takes 1 argument, found ${asts.length}`, `write ${fn}(a)`);
    return undefined;
  }
  if (value === undefined || !expectType("number", value, ast, scope)) return undefined;
  const shape = reducedShape(fn, value.shape);
  if (shape === undefined || shape === "element" || value.shape === "uniform") {
    const found = `${fn} of what is ${describeShape[value.shape]}`;
    scope.report("E313", ast.span, found, `${fn} takes ${reducible(fn)}`);
    return undefined;
  }
  const { element: arg, shape: argShape } = value;
  return { shape, type: "number", element: { kind: "reduce", fn, shape, arg, argShape } };
}

function reducible(fn: ReductionFunction): string {
  if (fn.startsWith("row")) return "a value that differs along a row: of an element or a column";
  if (fn.startsWith("col")) return "a value that differs along a column: of an element or a row";
  return "a value of an element, a row, a column or a matrix";
}
