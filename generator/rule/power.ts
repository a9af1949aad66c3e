import type { Ast } from "./ast.js";
import type { ElementExpr, UniformExpr } from "./types.js";
import { formatUniform } from "./uniform.js";
import { asElement, expectType, type Scope, type Value } from "./values.js";

/** x ^ n: any uniform power of a uniform; of an element the powers that are exact products and roots. */
export function typePower(
  base: Value,
  exponent: Value,
  ast: Extract<Ast, { kind: "binary" }>,
  scope: Scope,
): Value | undefined {
  if (!expectType("number", base, ast.left, scope) || !expectType("number", exponent, ast.right, scope))
    return undefined;
  if (exponent.shape !== "uniform") {
    const remedy =
      "an exponent is a number; of a uniform base (numbers, hypers, t) it may be any uniform value";
    scope.report("E305", ast.right.span, "an exponent that differs from element to element", remedy);
    return undefined;
  }
  if (base.shape === "uniform") {
    return {
      shape: "uniform",
      type: "number",
      uniform: { kind: "apply", fn: "pow", args: [base.uniform, exponent.uniform] },
    };
  }
  const power = constantOf(exponent.uniform);
  const element = power === undefined ? undefined : elementPower(asElement(base, ast.left, scope), power);
  if (element !== undefined) return { shape: base.shape, type: "number", element };
  const found = `an element to the power ${formatUniform(exponent.uniform)} is no product, quotient or root`;
  scope.report("E311", ast.right.span, found, "elements take the powers 1 to 8, 0.5 and their negatives");
  return undefined;
}

function elementPower(base: ElementExpr, power: number): ElementExpr | undefined {
  const size = Math.abs(power);
  const isProduct = Number.isInteger(size) && size >= 1 && size <= 8;
  if (!isProduct && size !== 0.5) return undefined;
  const times = (product: ElementExpr): ElementExpr => ({ kind: "apply", fn: "mul", args: [product, base] });
  const positive: ElementExpr = isProduct
    ? Array.from({ length: size - 1 }).reduce<ElementExpr>(times, base)
    : { kind: "apply", fn: "sqrt", args: [base] };
  if (power > 0) return positive;
  const one: ElementExpr = { kind: "uniform", expr: { kind: "number", value: 1 } };
  return { kind: "apply", fn: "div", args: [one, positive] };
}

function constantOf(expr: UniformExpr): number | undefined {
  if (expr.kind === "number") return expr.value;
  const [only] = expr.kind === "apply" && expr.fn === "neg" ? expr.args : [];
  return only?.kind === "number" ? -only.value : undefined;
}
