import { opRow } from "./ops.js";
import type { Expr, Fragment, Table } from "./types.js";

/** What a fragment means: the definition that every target is held to. */
export type Evaluate = (inputs: Readonly<Record<string, number>>) => Record<string, number>;

type Closure = (slots: Float64Array) => number;

/** Turns a fragment into a function from its inputs to its outputs, by name. Truth values are 1 and 0. */
export function evaluator(
  fragment: Fragment,
  uniforms: readonly { readonly name: string }[],
  tables: readonly Table[],
): Evaluate {
  const slotOf = new Map<string, number>();
  const inputs = [...uniforms.map(({ name }) => name), ...fragment.inputs.map(({ name }) => name)];
  for (const name of [...inputs, ...fragment.body.map(({ name }) => name)]) {
    if (!slotOf.has(name)) slotOf.set(name, slotOf.size);
  }
  const values = new Map(tables.map((table) => [table.name, Float32Array.from(table.values)]));
  const steps = fragment.body.map(({ name, value }) => ({
    slot: slotOf.get(name) as number,
    value: close(value, slotOf, values),
  }));
  const outputs = fragment.outputs.map(({ name }) => ({ name, slot: slotOf.get(name) as number }));
  const slots = new Float64Array(slotOf.size);

  return (given) => {
    for (const name of inputs) slots[slotOf.get(name) as number] = given[name] ?? Number.NaN;
    for (const { slot, value } of steps) slots[slot] = value(slots);
    return Object.fromEntries(outputs.map(({ name, slot }) => [name, slots[slot] as number]));
  };
}

function close(
  expr: Expr,
  slotOf: ReadonlyMap<string, number>,
  tables: ReadonlyMap<string, Float32Array>,
): Closure {
  switch (expr.kind) {
    case "constant": {
      const { value } = expr;
      return () => value;
    }
    case "variable": {
      const slot = slotOf.get(expr.name) as number;
      return (slots) => slots[slot] as number;
    }
    case "lookup": {
      const table = tables.get(expr.table) as Float32Array;
      const index = close(expr.index, slotOf, tables);
      return (slots) => table[index(slots)] as number;
    }
    case "op": {
      const { evaluate } = opRow(expr.op);
      const args = expr.args.map((argument) => close(argument, slotOf, tables));
      const [first, second, third] = args;
      if (third && second && first) return (slots) => evaluate(first(slots), second(slots), third(slots));
      if (second && first) return (slots) => evaluate(first(slots), second(slots));
      if (first) return (slots) => evaluate(first(slots));
      throw new Error(`${expr.op} has no arguments`);
    }
  }
}
