import type { Magnitude } from "./magnitude.js";
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

/**
 * A way to most codes of 4 and 8 bits (lower/segment-encoder.ts): n, from -1 to 1, has a position on a line, and the floor of that
 * is its code, or how far its code is from that of 0, unless it is next to a whole number.
 */
export interface Segments {
  /** The bits of |n| * factor + 2^-30, rounded once, and this bias have the number of a cell in bits 20 to 27. */
  readonly factor: number;
  readonly bias: number;
  /** How far above a whole number a position leaves the code open, in 2^-16. */
  readonly doubt: number;
  readonly isSigned: boolean;
  /** The code of 0. */
  readonly zero: number;
  /** The line of each cell. */
  readonly cells: readonly number[];
  /**
   * Of each line, float32: positions are |n| * slope + offset, rounded once. Offsets have 128 in them where there is a sign, else 256,
   * so that bits 16 on, or 15, are the whole part of a position.
   */
  readonly slopes: readonly number[];
  readonly offsets: readonly number[];
}

/**
 * The elements that share a scale: so many neighbours, the tensor, a row or a column. Of rank1 there is a maximum for
 * each index of each dimension, and an element's is the least of those that meet at it.
 */
export type ScaleRun = number | "tensor" | "row" | "col" | "rank1";

/** One value a row, a column, a matrix or a tensor (rule/shapes.ts). */
export type VectorShape = "row" | "col" | "matrix" | "tensor";
export type KernelShape = "element" | VectorShape;

/** A value read from an array of its shape at the place of an element; `term`: at the place of a term of a fold. */
export interface VectorInput {
  readonly variable: Variable;
  readonly array: string;
  /** Whether the array is kept between steps: a state. */
  readonly isKept: boolean;
  readonly shape: VectorShape | "term";
}

/** Statistics of the runs of one state: where they are measured, and what becomes of them. */
export interface Statistic {
  readonly run: ScaleRun;
  /** Measured within the tile, or over the whole tensor by an earlier pass. */
  readonly source: "tile" | "global";
  /** A new value to what the maximum is taken of. */
  readonly magnitude: Fragment;
  /** That maximum to the scale, its reciprocal and, where it is kept in 16 bits, those. */
  readonly scale: Fragment;
  /** What else is measured of a run; null where the scale is all. */
  readonly spread: Spread | null;
  /** Null where a scale is kept as a float32. */
  readonly half: HalfScale | null;
}

/** How scales lie in memory that are kept in 16 bits, two a word. */
export interface HalfScale {
  /** A run of the tensor to the word of its scale, and the bit where that begins. */
  readonly locate: Fragment;
  /** That word to the 16 bits. */
  readonly unpack: Fragment;
  /** The 16 bits to the scale. */
  readonly decode: Fragment;
  /** The 16 bits of a new scale to what they add to their word. */
  readonly pack: Fragment;
}

/** How far the levels of a run reach: from two neighbours in the ascending order of its magnitudes, measured in a tile. */
export interface Spread {
  readonly order: Order;
  /** The greatest rank that the lower neighbour may have among the magnitudes above 0. */
  readonly greatestRank: number;
  /** How many elements a run has and how many magnitudes are above 0, to the rank of the lower neighbour, from 0. */
  readonly rank: Fragment;
  /** The same, the neighbours at that rank and the next (the last is its own) and 1 / s, to the alpha that is stored. */
  readonly alpha: Fragment;
  /** That alpha to what the encoder makes its powers of. */
  readonly rate: Fragment;
  /** Null where codes have too few or too many bits for it. */
  readonly positions: LogPositions | null;
}

/**
 * Most codes of a run, by logarithms that are near: a code is the whole part of where the value's lies, from that of the scale on
 * and in steps of alpha's, with what an element has left to draw. Where such a number is next to a whole one the encoder decides.
 */
export interface LogPositions {
  /** An element to what it has left: a fraction, in units of 2^(bits - 32). */
  readonly rest: Fragment;
  /** How far the bounds of codes may lie from where real numbers have them, in octaves. */
  readonly octaves: number;
}

/** Whole numbers that order as magnitudes do, those that are 0 apart. */
export interface Order {
  /** A new value to its number, which is `missing` or more where its magnitude is 0. */
  readonly key: Fragment;
  readonly missing: number;
  /** Such a number to the magnitude. */
  readonly keyed: Fragment;
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
  /** What orders as the magnitude does, and what that stands for. */
  readonly key: Variable;
  readonly keyed: Variable;
  /** The greatest magnitude of a run. */
  readonly absmax: Variable;
  readonly newScale: Variable;
  /** Of a scale in 16 bits: its run, its word, the bit of the word where it begins, what the word holds or gets. */
  readonly scaleRun: Variable;
  readonly scaleWord: Variable;
  readonly scaleShift: Variable;
  readonly scaleBits: Variable;
  readonly scaleCode: Variable;
  readonly newScaleCode: Variable;
  /** 1 / newScale, or 0. */
  readonly inverse: Variable;
  readonly newCode: Variable;
  /** The second parameter of a run, where it has one: before the step and after it. */
  readonly alpha: Variable;
  readonly newAlpha: Variable;
  /** newAlpha^(1/8), and what 2^-24 of its logarithm is: by that power drawn numbers of 24 bits become octaves. */
  readonly rate: Variable;
  readonly root: Variable;
  /** Of the way to the next level, what drawing leaves. */
  readonly rest: Variable;
  /** Of a run: its elements, and its magnitudes above 0. */
  readonly runLength: Variable;
  readonly counted: Variable;
  /** Of the lower neighbour among all magnitudes, ascending, from 0. */
  readonly rank: Variable;
  readonly lower: Variable;
  readonly upper: Variable;
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
  /** Most codes of values times the reciprocal of a scale, where there is a shorter way to these. */
  readonly segments: Segments | null;
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

interface KernelBase {
  readonly name: string;
  /** A line or two for the reader of the generated code. */
  readonly doc: readonly string[];
  readonly variables: KernelVariables;
  /** Host values it reads, f32, in the order of the uniform buffer, then the u32 keys of its random streams. */
  readonly uniforms: readonly Variable[];
  /** Elements after which every packed state begins a new word. */
  readonly granule: number;
  /** p in memory: decoded before the update and encoded after it. 16 bits an element where it is not float32. */
  readonly parameter: KernelState;
  /** g in memory, which is only read. */
  readonly gradient: KernelState;
  readonly states: readonly KernelState[];
  readonly tables: readonly Table[];
  /** What it reads of rows, columns, matrices and tensors. */
  readonly vectors: readonly VectorInput[];
}

/** One pass over one tensor. */
export type Kernel = ElementKernel | SweepKernel | FoldKernel;

/** A pass over the elements, tile by tile. */
export interface ElementKernel extends KernelBase {
  readonly kind: "measure" | "step";
  readonly tile: number;
  /** p, g, decoded states and vectors to the new p and the new states, in this order. */
  readonly update: Fragment;
}

/** An update for numbers of ordinary size, and what they must be for it (ir/ordinary.ts). An exponent e stands for 2^e. */
export interface OrdinaryUpdate {
  readonly update: Fragment;
  /** Zero or from 2^lo to 2^hi in magnitude; where positive, neither negative nor zero. */
  readonly uniforms: readonly OrdinaryUniform[];
  /** What belongs to rows, columns, matrices or the tensor, held to the same. */
  readonly vectors: readonly OrdinaryUniform[];
  /** Inputs no greater than 2^exponent in magnitude; finite, therefore. */
  readonly bounded: readonly OrdinaryInput[];
  /** Values that are zero or no less than 2^exponent in magnitude. */
  readonly present: readonly OrdinaryValue[];
  /** Of the new parameter: its code, where it is stored as one; null where it is stored as it is. */
  readonly parameter: Fragment | null;
  /** What is then known of its values, by name, and what where those that must be present are not asked for. */
  readonly known: ReadonlyMap<string, Magnitude>;
  readonly unasked: ReadonlyMap<string, Magnitude>;
  /** Of new states: what the maximum of a run is taken of (Statistic), and whether their values are zero or normal. */
  readonly magnitudes: readonly OrdinaryMagnitude[];
}

export interface OrdinaryMagnitude {
  readonly state: string;
  readonly magnitude: Fragment;
  readonly isNormal: boolean;
  readonly isNonNegative: boolean;
}

export interface OrdinaryValue {
  readonly value: Expr;
  readonly exponent: number;
  readonly isNonNegative: boolean;
}

export interface OrdinaryUniform {
  readonly variable: Variable;
  readonly lo: number;
  readonly hi: number;
  readonly isPositive: boolean;
  /** Whether something is divided by it. */
  readonly isDivisor: boolean;
}

export interface OrdinaryInput {
  readonly variable: Variable;
  readonly exponent: number;
  readonly isNonNegative: boolean;
  /** Whether it is no greater than its scale, so that the scale tells. */
  readonly isNormalized: boolean;
}

/** One value for each of so many neighbours of a shape, or for every `cut` elements of each of a shape (lower/plan.ts). */
export interface Extent {
  readonly shape: KernelShape;
  readonly per: number;
  readonly cut?: number;
}

/** What one entry of a fold is made of. */
export interface Reduction {
  readonly term: Variable;
  /** A sum is the balanced binary tree of adjacent terms, a maximum ignores NaN. */
  readonly combine: "sum" | "max";
  readonly result: Variable;
}

/** A pass over the elements, square by square: what their parts of rows and columns come to. */
export interface SweepKernel extends KernelBase {
  readonly kind: "sweep";
  /** Rows and columns of a square, a power of two. */
  readonly cut: number;
  /** p, g, decoded states and vectors to the terms. */
  readonly terms: Fragment;
  /** Results are stored by parts of their shape. */
  readonly reductions: readonly (Reduction & { readonly shape: "row" | "col"; readonly array: string })[];
}

/**
 * A pass that gives every entry of a shape one value, from the terms that it stands for or from nothing but other
 * values of its size.
 */
export interface FoldKernel extends KernelBase {
  readonly kind: "fold";
  readonly from: Extent;
  readonly to: Extent;
  /** What is at one place of `from` to the terms. */
  readonly terms: Fragment;
  readonly reductions: readonly Reduction[];
  /** f32: how many terms an entry has in all. */
  readonly count: { readonly variable: Variable; readonly of: KernelShape; readonly per: KernelShape };
  /** Results, the count and values at an entry to what is stored. */
  readonly finish: Fragment;
  readonly entryVectors: readonly VectorInput[];
  readonly stores: readonly { readonly variable: Variable; readonly array: string }[];
}
