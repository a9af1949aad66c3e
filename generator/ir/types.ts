import type { Op } from "./ops.js";

/** What a kernel computes: straight-line typed expressions. Types only. */

export type Scalar = "f32" | "u32" | "bool";

export type Expr =
  | { readonly kind: "constant"; readonly type: Scalar; readonly value: number }
  | { readonly kind: "variable"; readonly type: Scalar; readonly name: string }
  | { readonly kind: "op"; readonly type: Scalar; readonly op: Op; readonly args: readonly Expr[] }
  /** An entry of one of the kernel's tables. */
  | { readonly kind: "lookup"; readonly type: "f32" | "u32"; readonly table: string; readonly index: Expr };

export interface Variable {
  readonly name: string;
  readonly type: Scalar;
}

export interface Let extends Variable {
  readonly value: Expr;
}

/** Inputs to outputs; every name is given once in its kernel, and an output is an input or a name of the body. */
export interface Fragment {
  readonly inputs: readonly Variable[];
  readonly body: readonly Let[];
  readonly outputs: readonly Variable[];
}

/** Constants that a kernel looks up: float32, or whole numbers below 256. */
export interface Table {
  readonly name: string;
  readonly type: "f32" | "u32";
  readonly values: readonly number[];
}

/** Statistics of the runs of one state: where they are measured, and what becomes of them. */
export interface Statistic {
  /** Elements that share a scale, or the whole tensor. */
  readonly run: number | "tensor";
  /** Measured within the tile, or over the whole tensor by an earlier pass. */
  readonly source: "tile" | "global";
  /** A new value to what the maximum is taken of. */
  readonly magnitude: Fragment;
  /** That maximum to the scale that is stored and its reciprocal. */
  readonly scale: Fragment;
}

/** The names of one state's values in its kernel. */
export interface StateVariables {
  /** Decoded, before the step. */
  readonly old: Variable;
  /** After the step, not yet encoded. */
  readonly value: Variable;
  readonly code: Variable;
  readonly scale: Variable;
  readonly magnitude: Variable;
  /** The greatest magnitude of a run. */
  readonly absmax: Variable;
  readonly newScale: Variable;
  /** 1 / newScale, or 0. */
  readonly inverse: Variable;
  readonly newCode: Variable;
  /** Of a code: the word of its granule and the bit where it starts. */
  readonly word: Variable;
  readonly shift: Variable;
  /** That word and the next when a code is read; what a code adds to them when it is written. */
  readonly low: Variable;
  readonly high: Variable;
  readonly key0: Variable;
  readonly key1: Variable;
  readonly stream0: Variable;
  readonly stream1: Variable;
}

/** The names of what every fragment of a kernel may be given. */
export interface KernelVariables {
  /** Of an element within its granule, u32. */
  readonly index: Variable;
  /** Of an element within its tensor: the low and the high word. */
  readonly element: Variable;
  readonly elementHigh: Variable;
  /** What names the tensor to the random generator. */
  readonly tensorId: Variable;
}

export interface KernelState {
  readonly name: string;
  readonly variables: StateVariables;
  /** Bits an element takes; 32 is a plain float32 array, all else is packed in words. */
  readonly bits: number;
  /** Words a granule takes. */
  readonly words: number;
  /** Code and scale to the decoded value; null for float32. */
  readonly decode: Fragment | null;
  /** The new value to its code; null for float32 and where the pass does not write. */
  readonly encode: Fragment | null;
  readonly statistic: Statistic | null;
  /** The keys of one tensor's random stream; null without stochastic rounding. */
  readonly stream: Fragment | null;
  /** Element of a granule to the word its code starts in, and the bit of that word; null for float32. */
  readonly locate: Fragment | null;
  /** One or two words to the code that starts at a bit. */
  readonly unpack: Fragment | null;
  /** A code to what it adds to the word it starts in, and to the next. */
  readonly pack: Fragment | null;
  /** Whether a code can start in one word and end in the next. */
  readonly straddles: boolean;
}

/** One pass over one tensor. */
export interface Kernel {
  readonly name: string;
  readonly kind: "measure" | "step";
  /** A line or two for the reader of the generated code. */
  readonly doc: readonly string[];
  readonly granule: number;
  readonly tile: number;
  readonly variables: KernelVariables;
  /** Host values it reads, f32, in the order of the uniform buffer, then the u32 keys of its random streams. */
  readonly uniforms: readonly Variable[];
  /** p, g and decoded states to the new p and the new states, in this order. */
  readonly update: Fragment;
  readonly states: readonly KernelState[];
  readonly tables: readonly Table[];
}
