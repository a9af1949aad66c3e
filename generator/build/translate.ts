import { f32, op, typed, variable } from "../ir/expr.js";
import type { Op } from "../ir/ops.js";
import type { Expr } from "../ir/types.js";
import type { RuleExpr } from "../lower/plan.js";
import type { ElementFunction } from "../rule/types.js";
import type { FragmentWriter } from "./writer.js";

const direct: Record<Exclude<ElementFunction, "min" | "max" | "sign">, Op> = {
  add: "f32.add",
  sub: "f32.sub",
  mul: "f32.mul",
  div: "f32.div",
  neg: "f32.neg",
  abs: "f32.abs",
  sqrt: "f32.sqrt",
  lt: "f32.lt",
  le: "f32.le",
  gt: "f32.gt",
  ge: "f32.ge",
  eq: "f32.eq",
  ne: "f32.ne",
  select: "f32.select",
};

/** An expression of the rule as kernels compute it. */
export function translate(expr: RuleExpr, latest: ReadonlyMap<string, Expr>, writer: FragmentWriter): Expr {
  switch (expr.kind) {
    case "constant":
      return f32(expr.value);
    case "uniform":
      return variable(typed(expr.name, "f32"));
    case "value":
      return latest.get(expr.name) as Expr;
    case "apply": {
      const args = expr.args.map((argument) => translate(argument, latest, writer));
      const [a, b] = args as [Expr, Expr];
      switch (expr.fn) {
        case "min":
          return extremum("f32.lt", a, b, writer);
        case "max":
          return extremum("f32.gt", a, b, writer);
        case "sign":
          return sign(writer.once("signed", a));
        default:
          return op(direct[expr.fn], ...args);
      }
    }
  }
}

/** Whether everything that an expression reads is known. */
export function isKnown(expr: RuleExpr, latest: ReadonlyMap<string, Expr>): boolean {
  if (expr.kind === "value") return latest.has(expr.name);
  return expr.kind !== "apply" || expr.args.every((argument) => isKnown(argument, latest));
}

/** a where it compares so with b, else b: the same for every target, NaN included. */
function extremum(compare: Op, left: Expr, right: Expr, writer: FragmentWriter): Expr {
  const a = writer.once("left", left);
  const b = writer.once("right", right);
  return op("f32.select", op(compare, a, b), a, b);
}

/** 1, -1, or 0 for zero and NaN. */
function sign(x: Expr): Expr {
  const negative = op("f32.select", op("f32.lt", x, f32(0)), f32(-1), f32(0));
  return op("f32.select", op("f32.gt", x, f32(0)), f32(1), negative);
}
