import { f32, op, typed, variable } from "../ir/expr.js";
import type { Op } from "../ir/ops.js";
import type { Expr, Fragment, Variable } from "../ir/types.js";
import type { Plan, RuleExpr } from "../lower/plan.js";
import type { ElementFunction } from "../rule/types.js";
import type { Names } from "./names.js";
import { FragmentWriter } from "./writer.js";

/** p, g and the decoded states to `outputs`: the new p and the new states, in this order. */
export function buildUpdate(plan: Plan, outputs: readonly Variable[], names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const carried = ["p", ...plan.states.map(({ name }) => name)];
  const old = new Map<string, Expr>(
    [...carried, "g"].map((name) => [name, writer.input(typed(name, "f32"))]),
  );
  const latest = new Map(old);

  for (const { target, role, value } of plan.rule) {
    const expr = translate(value, latest, writer);
    latest.set(target, writer.bind(role === "local" ? target : `${target}_new`, expr));
  }

  const changed = carried.filter((name) => latest.get(name) !== old.get(name));
  if (plan.nonfinite === "hold") {
    const finite = ["g", ...changed]
      .map((name) => op("f32.is_finite", (name === "g" ? old : latest).get(name) as Expr))
      .reduce((all, one) => op("bool.and", all, one));
    const held = writer.bind("finite", finite);
    for (const name of changed) {
      latest.set(name, op("f32.select", held, latest.get(name) as Expr, old.get(name) as Expr));
    }
  }
  for (const [index, output] of outputs.entries())
    writer.define(output, latest.get(carried[index] as string) as Expr);
  return writer.finish(...outputs);
}

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

function translate(expr: RuleExpr, latest: ReadonlyMap<string, Expr>, writer: FragmentWriter): Expr {
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
