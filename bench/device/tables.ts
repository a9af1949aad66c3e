/** Tables of the shipped specs, and specs that encode by them. */
import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { UserError } from "../../generator/cli/errors.js";
import { specs } from "./check.js";
import { BLOCK } from "./floats.js";

export interface TableState {
  readonly bits: number;
  readonly signed: boolean;
  readonly mapping: unknown;
}

/**
 * Those of so many bits, or all where that is null.
 *
 * @throws {UserError} where there is none
 */
export function tablesOf(bits: number | null): readonly TableState[] {
  const all = tables();
  const found = all.filter((state) => bits === null || state.bits === bits);
  if (found.length > 0) return found;
  const there = [...new Set(all.map((state) => state.bits))].sort((a, b) => a - b);
  throw new UserError(`--bits is "${bits}": the tables of spec/ have ${there.join(", ")}`);
}

/** States of the specs that differ in their tables. Levels of `log` are each block's own. */
function tables(): readonly TableState[] {
  const names = readdirSync(specs).filter((name) => name.endsWith(".yaml"));
  const states = names.flatMap((name) => {
    const spec = parse(readFileSync(new URL(name, specs), "utf8")) as { readonly states: object };
    return Object.values(spec.states) as (Partial<TableState> & { readonly scale?: string })[];
  });
  const own = states.flatMap(({ bits, signed, mapping, scale }) =>
    mapping === undefined || (mapping as { log?: unknown }).log !== undefined
      ? []
      : [JSON.stringify({ bits, signed, mapping, scale })],
  );
  return [...new Set(own)].sort().map((state) => JSON.parse(state) as TableState);
}

/** A state that is half the gradient after a step. */
export function specOf(state: TableState, dtype: string): string {
  return stringify({
    name: "encoder",
    param: dtype,
    grad: "f32",
    hyper: { lr: 1e-3, beta: 0.5 },
    states: { s: { ...state, normalize: { block: BLOCK }, rounding: "nearest", min_size: 1 } },
    update: "s = beta*s + (1 - beta)*g\np = p - lr*s\n",
  });
}
