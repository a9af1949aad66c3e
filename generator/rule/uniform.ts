import type { UniformExpr, UniformFunction } from "./types.js";

const truth = (value: boolean): number => (value ? 1 : 0);

/** What the host computes, in float64. */
const meaning: Record<UniformFunction, (...args: number[]) => number> = {
  add: (a = 0, b = 0) => a + b,
  sub: (a = 0, b = 0) => a - b,
  mul: (a = 0, b = 0) => a * b,
  div: (a = 0, b = 0) => a / b,
  neg: (a = 0) => -a,
  lt: (a = 0, b = 0) => truth(a < b),
  le: (a = 0, b = 0) => truth(a <= b),
  gt: (a = 0, b = 0) => truth(a > b),
  ge: (a = 0, b = 0) => truth(a >= b),
  eq: (a = 0, b = 0) => truth(a === b),
  ne: (a = 0, b = 0) => truth(a !== b),
  select: (condition = 0, a = 0, b = 0) => (condition !== 0 ? a : b),
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  pow: Math.pow,
  exp: Math.exp,
  log: Math.log,
};

/** The float64 value of a uniform expression at step t (from 1). */
export function evaluateUniform(
  expr: UniformExpr,
  hypers: Readonly<Record<string, number>>,
  t: number,
): number {
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "step":
      return t;
    case "hyper": {
      const value = hypers[expr.name];
      if (value === undefined) throw new Error(`no value for the hyper ${expr.name}`);
      return value;
    }
    case "apply":
      return meaning[expr.fn](...expr.args.map((argument) => evaluateUniform(argument, hypers, t)));
  }
}

/** Whether an expression is the same in every step. */
export function isConstant(expr: UniformExpr): boolean {
  return expr.kind === "number" || (expr.kind === "apply" && expr.args.every(isConstant));
}

/** Whether an expression is zero in every step. */
export function isZero(expr: UniformExpr): boolean {
  return isConstant(expr) && evaluateUniform(expr, {}, 1) === 0;
}

interface Spelling {
  readonly infix?: string;
  readonly level: number;
}

const ATOM = 9;
const comparison = (infix: string): Spelling => ({ infix, level: 1 });
const call: Spelling = { level: ATOM };

const spellings: Record<UniformFunction, Spelling> = {
  add: { infix: "+", level: 2 },
  sub: { infix: "-", level: 2 },
  mul: { infix: "*", level: 3 },
  div: { infix: "/", level: 3 },
  neg: { level: 4 },
  pow: { infix: "^", level: 5 },
  lt: comparison("<"),
  le: comparison("<="),
  gt: comparison(">"),
  ge: comparison(">="),
  eq: comparison("=="),
  ne: comparison("!="),
  select: call,
  min: call,
  max: call,
  abs: call,
  sign: call,
  sqrt: call,
  exp: call,
  log: call,
};

/** The expression in the update language, with no parenthesis too many. */
export function formatUniform(expr: UniformExpr, least = 0): string {
  if (expr.kind === "number") return String(expr.value);
  if (expr.kind === "step") return "t";
  if (expr.kind === "hyper") return expr.name;
  const { infix, level } = spellings[expr.fn];
  const [first, second] = expr.args;
  if (infix !== undefined && first && second) {
    const text = `${formatUniform(first, expr.fn === "pow" ? level + 1 : level)} ${infix} ${formatUniform(second, level + 1)}`;
    const tight = expr.fn === "pow" || expr.fn === "mul" ? text.replace(` ${infix} `, infix) : text;
    return level < least ? `(${tight})` : tight;
  }
  if (expr.fn === "neg" && first)
    return level < least ? `(-${formatUniform(first, level)})` : `-${formatUniform(first, level)}`;
  return `${expr.fn}(${expr.args.map((argument) => formatUniform(argument)).join(", ")})`;
}
