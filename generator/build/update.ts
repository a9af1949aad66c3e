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
  if (plan.nonfinite === "hold") {
    const finite = [variable(g), ...changed.map((name) => latest.get(name) as Expr)]
      .map((value) => op("f32.is_finite", value))
      .reduce((all, one) => op("bool.and", all, one));
    const held = writer.bind("finite", finite);
    for (const name of changed) {
      latest.set(name, op("f32.select", held, latest.get(name) as Expr, old.get(name) as Expr));
    }
  }
  for (const [index, output] of outputs.entries()) {
    writer.define(output, latest.get([p, ...carried][index]?.name ?? "") as Expr);
  }
  return withInputs(writer.finish(...outputs), [p, ...carried, g], vectors);
}

/** Elements are read whatever becomes of them; of vectors, those that are needed. */
function withInputs(fragment: Fragment, elements: readonly Variable[], vectors: Vectors): Fragment {
  const pruned = prune(fragment, fragment.outputs);
  const needed = vectors.needed(pruned).map(({ variable: { name } }) => name);
  const isElement = (name: string): boolean => elements.some((element) => element.name === name);
  const inputs = fragment.inputs.filter(({ name }) => isElement(name) || needed.includes(name));
  return { ...pruned, inputs };
}
