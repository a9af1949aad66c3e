import type { BinaryOperator } from "./ast.js";
import type { ReductionFunction, UniformFunction } from "./types.js";

/** One row a function of the update language that kernels or the host compute. */
interface FunctionRow {
  readonly arity: number;
  readonly arguments: "number" | "select";
  readonly result: "number" | "bool" | "select";
  /** Whether kernels can compute it on elements. */
  readonly element: boolean;
}

const number = (arity: number, element: boolean): FunctionRow => ({
  arity,
  arguments: "number",
  result: "number",
  element,
});
const comparison: FunctionRow = { arity: 2, arguments: "number", result: "bool", element: true };

export const functionRows: Record<UniformFunction, FunctionRow> = {
  add: number(2, true),
  sub: number(2, true),
  mul: number(2, true),
  div: number(2, true),
  neg: number(1, true),
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
  eq: comparison,
  ne: comparison,
  select: { arity: 3, arguments: "select", result: "select", element: true },
  min: number(2, true),
  max: number(2, true),
  abs: number(1, true),
  sign: number(1, true),
  sqrt: number(1, true),
  pow: number(2, false),
  exp: number(1, false),
  log: number(1, false),
};

/** Functions a rule may call by name. */
export const callable = [
  "select",
  "min",
  "max",
  "abs",
  "sign",
  "sqrt",
  "exp",
  "log",
] as const satisfies readonly UniformFunction[];

/** Reductions of the language (rule/shapes.ts). */
export const reductions = [
  "rowmean",
  "colmean",
  "rowmax",
  "colmax",
  "mean",
  "sum",
  "norm",
  "rms",
  "absmax",
] as const satisfies readonly ReductionFunction[];

export const operatorFunctions: Record<BinaryOperator, UniformFunction> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "^": "pow",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "==": "eq",
  "!=": "ne",
};
