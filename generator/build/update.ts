import { op, variable } from "../ir/expr.js";
import { prune } from "../ir/prune.js";
import type { Expr, Fragment, Variable } from "../ir/types.js";
import type { Plan } from "../lower/plan.js";
import type { Names } from "./names.js";
import type { Vectors } from "./vectors.js";
import { walkRule } from "./walk.js";
import { FragmentWriter } from "./writer.js";

/**
 * p, g, the decoded element states and what earlier passes left to `outputs`: the new p and the new element states, in
 * this order.
 */
export function buildUpdate(
  plan: Plan,
  carried: readonly Variable[],
  outputs: readonly Variable[],
  vectors: Vectors,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const p = { name: "p", type: "f32" } as const;
  const g = { name: "g", type: "f32" } as const;
  const old = new Map<string, Expr>([p, ...carried, g].map((given) => [given.name, writer.input(given)]));
  const latest = walkRule(plan, new Map([...old, ...vectors.old(writer)]), vectors.given(writer), writer);

  const changed = ["p", ...carried.map(({ name }) => name)].filter(
    (name) => latest.get(name) !== old.get(name),
  );
  if (plan.nonfinite === "hold") hold(changed, g, old, latest, writer);
  for (const [index, output] of outputs.entries()) {
    writer.define(output, latest.get([p, ...carried][index]?.name ?? "") as Expr);
  }
  return withInputs(writer.finish(...outputs), [p, ...carried, g], vectors);
}

/**
 * Nothing of an element changes where its gradient or a new state is not finite; its parameter does not where that itself
 * would not be. What becomes of states so follows from states and gradients alone, and is measured without parameters.
 */
function hold(
  changed: readonly string[],
  g: Variable,
  old: ReadonlyMap<string, Expr>,
  latest: Map<string, Expr>,
  writer: FragmentWriter,
): void {
  const newOf = (name: string): Expr => latest.get(name) as Expr;
  const oldOf = (name: string): Expr => old.get(name) as Expr;
  const finiteOf = (value: Expr): Expr => op("f32.is_finite", value);
  const states = changed.filter((name) => name !== "p");
  const finite = [variable(g), ...states.map(newOf)].map(finiteOf).reduce((a, b) => op("bool.and", a, b));
  const held = states.length > 0 ? writer.bind("finite", finite) : finite;
  if (changed.includes("p")) {
    const moves = writer.bind("p_finite", op("bool.and", held, finiteOf(newOf("p"))));
    latest.set("p", op("f32.select", moves, newOf("p"), oldOf("p")));
  }
  for (const name of states) latest.set(name, op("f32.select", held, newOf(name), oldOf(name)));
}

/** Elements are read whatever becomes of them; of vectors, those that are needed. */
function withInputs(fragment: Fragment, elements: readonly Variable[], vectors: Vectors): Fragment {
  const pruned = prune(fragment, fragment.outputs);
  const needed = vectors.needed(pruned).map(({ variable: { name } }) => name);
  const isElement = (name: string): boolean => elements.some((element) => element.name === name);
  const inputs = fragment.inputs.filter(({ name }) => isElement(name) || needed.includes(name));
  return { ...pruned, inputs };
}
