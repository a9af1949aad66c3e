import type { Arithmetic } from "./arithmetic.js";

/** One element after its update: the parameter and the states, in the order the rule names them. */
export interface Updated {
  readonly p: number;
  readonly states: readonly number[];
}

/** The update of one element of parameter p with gradient g. */
export type Update = (p: number, g: number, states: readonly number[]) => Updated;

/**
 * An optimizer as its paper writes it. `at` computes what depends on hypers and the step alone (the
 * uniforms) in float64 and rounds each once; the update it returns rounds every operation, in the
 * order written, left to right.
 */
export interface Rule<Hypers> {
  readonly states: readonly string[];
  at(hyper: Hypers, t: number, ops: Arithmetic): Update;
}
