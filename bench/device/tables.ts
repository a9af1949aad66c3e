/** States of the shipped specs that are encoded differently, and specs that encode as they do. */
import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { UserError } from "../../generator/cli/errors.js";
import { isCompanding } from "../../generator/lower/compand.js";
import { isLog } from "../../generator/lower/log.js";
import type { MappingSpec } from "../../spec/schema.js";
import { specs } from "./check.js";
import { BLOCK } from "./floats.js";

export interface EncodedState {
  readonly bits: number;
  readonly signed: boolean;
  readonly mapping: MappingSpec;
  readonly rounding: "nearest" | "stochastic";
  readonly scale?: "f16";
}

/**
 * Each table once, rounded to the nearest level.
 *
 * @param bits of the states; null for all of them
 * @throws {UserError} where there is none
 */
export function nearestStates(bits: number | null): readonly EncodedState[] {
  const tables = shipped().filter(({ mapping }) => !isLog(mapping));
  return distinct(
    tables.map((state) => ({ ...state, rounding: "nearest" })),
    bits,
  );
}

/** The same of those that are rounded at random, whose levels may be each block's own. */
export function drawnStates(bits: number | null): readonly EncodedState[] {
  return distinct(
    shipped().filter(({ rounding }) => rounding === "stochastic"),
    bits,
  );
}

function shipped(): readonly EncodedState[] {
  const names = readdirSync(specs).filter((name) => name.endsWith(".yaml"));
  return names.flatMap((name) => {
    const spec = parse(readFileSync(new URL(name, specs), "utf8")) as { readonly states: object };
    const states = Object.values(spec.states) as Partial<EncodedState>[];
    return states.flatMap(({ bits, signed, mapping, rounding, scale }) =>
      mapping === undefined ? [] : [{ bits, signed, mapping, rounding, scale } as EncodedState],
    );
  });
}

function distinct(states: readonly EncodedState[], bits: number | null): readonly EncodedState[] {
  const found = states.filter((state) => bits === null || state.bits === bits);
  if (found.length === 0) {
    const there = [...new Set(states.map((state) => state.bits))].sort((a, b) => a - b);
    throw new UserError(`--bits is "${bits}": such states of spec/ have ${there.join(", ")}`);
  }
  const texts = found.map((state) => JSON.stringify(state));
  return [...new Set(texts)].sort().map((text) => JSON.parse(text) as EncodedState);
}

/** A state that is half the gradient after a step. */
export function specOf(state: EncodedState, dtype: string): string {
  return stringify({
    name: "encoder",
    param: dtype,
    grad: "f32",
    hyper: { lr: 1e-3, beta: 0.5 },
    states: { s: { ...state, normalize: { block: BLOCK }, min_size: 1 } },
    update: "s = beta*s + (1 - beta)*g\np = p - lr*s\n",
  });
}

/** From what on a float16 scale is the same for all: its greatest value, or the square of that where its root is kept. */
export function greatestScale({ mapping }: EncodedState): number {
  return isCompanding(mapping) && mapping.compand === "sqrt" ? 65504 ** 2 : 65504;
}
