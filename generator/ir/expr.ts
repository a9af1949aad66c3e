import { type Op, opRow } from "./ops.js";
import type { Expr, Scalar, Table, Variable } from "./types.js";

/** Constructors of expressions; an op of constants is a constant, and u32 + 0 is nothing. */

export function f32(value: number): Expr {
  return { kind: "constant", type: "f32", value: Math.fround(value) };
}

export function u32(value: number): Expr {
  return { kind: "constant", type: "u32", value: value >>> 0 };
}

export function variable({ name, type }: Variable): Expr {
  return { kind: "variable", type, name };
}

export function op(name: Op, ...args: Expr[]): Expr {
  const { result, evaluate } = opRow(name);
  const constants = args.flatMap((argument) => (argument.kind === "constant" ? [argument.value] : []));
  if (constants.length === args.length)
    return { kind: "constant", type: result, value: evaluate(...constants) };
  const [left, right] = args;
  if (name === "u32.add" && left !== undefined && isZero(right)) return left;
  return { kind: "op", type: result, op: name, args };
}

export const truth: Expr = { kind: "constant", type: "bool", value: 1 };
const isTrue = (expr: Expr): boolean => expr.kind === "constant" && expr.value === 1;

/** An op, or what is left of it where a condition is a constant. */
export function decided(name: Op, args: readonly Expr[]): Expr {
  const [first, second, third] = args as [Expr, Expr, Expr];
  if (name === "bool.and" && isTrue(first)) return second;
  if (name === "bool.and" && isTrue(second)) return first;
  if ((name === "f32.select" || name === "u32.select") && first.kind === "constant")
    return isTrue(first) ? second : third;
  return op(name, ...args);
}

function isZero(expr: Expr | undefined): boolean {
  return expr?.kind === "constant" && expr.value === 0;
}

export function lookup({ name, type, values }: Table, index: Expr): Expr {
  if (index.kind === "constant") return { kind: "constant", type, value: values[index.value] as number };
  return { kind: "lookup", type, table: name, index };
}

export function typed(name: string, type: Scalar): Variable {
  return { name, type };
}
