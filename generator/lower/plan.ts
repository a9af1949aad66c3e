import type { ElementFunction, KernelShape, ReductionFunction, UniformExpr } from "../rule/types.js";
import type { Companding } from "./compand.js";
import type { EncoderPlan } from "./encoder.js";

/**
 * A spec with everything settled: exact tables, layout, passes, names. Nothing optional is left. Types only;
 * `plan.json` is this, as it is.
 */
export interface Plan {
  readonly planVersion: 1;
  /** As in the spec, for example adamw-4bit. */
  readonly name: string;
  /** The generated class, for example Adamw4bit. */
  readonly className: string;
  readonly title: string;
  readonly reference: string;
  /** The update rule as written. */
  readonly update: string;
  readonly hypers: readonly HyperPlan[];
  /** Hypers computed each step, each from numbers, t and earlier ones. */
  readonly schedules: readonly NamedUniform[];
  /** What the kernels get from the host: computed in float64 once a step, rounded once to float32. */
  readonly uniforms: readonly NamedUniform[];
  /** One random stream a stochastically rounded state, numbered in the order of declaration; p comes last. */
  readonly streams: readonly { readonly state: string; readonly index: number }[];
  /** Kernels are there for each of these pairs. */
  readonly dtypes: readonly DtypePlan[];
  /** How a new parameter becomes what is stored of it, where that is not float32. */
  readonly parameter: ParameterPlan;
  readonly nonfinite: "hold" | "propagate";
  /** fast: a target may compute each operation within its own bounds, where that is cheaper. */
  readonly math: MathMode;
  readonly rule: readonly RuleStatement[];
  readonly states: readonly StatePlan[];
  readonly variants: readonly VariantPlan[];
}

export type MathMode = "exact" | "fast";
export type Half = "bf16" | "f16";
export type Dtype = "f32" | Half;

export interface DtypePlan {
  readonly param: Dtype;
  readonly grad: Dtype;
  /** Of the kernels' names: nothing for the first pair. */
  readonly suffix: string;
}

export interface ParameterPlan {
  readonly rounding: Rounding;
  /** Bits of a parameter kept in two parts, a bfloat16 and the rest; null where it is in one. */
  readonly master: 24 | 32 | null;
}

export interface HyperPlan {
  readonly name: string;
  /** null for a schedule. */
  readonly default: number | null;
  /** As written in the spec. */
  readonly text: string;
}

export interface NamedUniform {
  readonly name: string;
  readonly expr: UniformExpr;
  /** The expression in the update language. */
  readonly text: string;
}

export interface RuleStatement {
  readonly target: string;
  readonly role: "param" | "gradient" | "state" | "local";
  readonly shape: KernelShape;
  /** A reduction is always a statement of its own. */
  readonly value: RuleExpr | ReductionExpr;
}

export interface ReductionExpr {
  readonly kind: "reduce";
  readonly fn: ReductionFunction;
  readonly arg: RuleExpr;
  readonly argShape: KernelShape;
}

export type RuleExpr =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly name: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "apply"; readonly fn: ElementFunction; readonly args: readonly RuleExpr[] };

export type Rounding = "nearest" | "stochastic";

export type CodecPlan = Float32Codec | Bfloat16Codec | QuantizedCodec;

/** Normalized by the absolute maximum of a run. */
export type QuantizedCodec = TableCodec | LogCodec;

/** Kept as it is. */
export interface Float32Codec {
  readonly kind: "f32";
  readonly bits: 32;
  readonly rounding: "nearest";
}

/** Rounded to the upper half of its bits. */
export interface Bfloat16Codec {
  readonly kind: "bf16";
  readonly bits: 16;
  readonly rounding: Rounding;
}

/** How the scale of a run is kept. */
export type ScaleFormat = "f32" | "f16" | "bf16";

/** Normalized by the absolute maximum of a run, then the nearest or a neighbouring level of a table. */
export interface TableCodec {
  readonly kind: "table";
  readonly bits: number;
  readonly signed: boolean;
  readonly mapping: string;
  readonly rounding: Rounding;
  readonly normalize: NormalizePlan;
  readonly scale: ScaleFormat;
  /** What is rounded to that format: the absolute maximum, or its square root, whose square is then the scale. */
  readonly scaleOf: "absmax" | "root";
  /** Thresholds are midpoints of values, or of the uniform grid that this transform makes of them. */
  readonly compand: Companding | null;
  /** float32[2^bits], ascending; a mapping of fewer levels repeats its last, and no n takes the repeated ones. */
  readonly levels: readonly number[];
  /** float32, one fewer than different levels: the code of n is the number of thresholds <= n. */
  readonly thresholds: readonly number[];
  /** How the compiler finds that number: by a proven shortcut, or by bisection. */
  readonly encoder: EncoderPlan;
}

/**
 * Levels alpha^k, k = 0 .. 2^bits - 1, with an alpha of each run's own: the lowest level is the quantile of what the run
 * holds above 0. Code k is alpha^k.
 */
export interface LogCodec {
  readonly kind: "log";
  readonly bits: number;
  readonly signed: false;
  readonly mapping: string;
  readonly rounding: Rounding;
  readonly normalize: { readonly block: number };
  readonly scale: "f32";
  readonly scaleOf: "absmax";
  /** From 0 to 1, a multiple of 2^-quantileBits: u32 holds the product with the size of a block, f32 its fraction. */
  readonly quantile: number;
  readonly quantileBits: number;
}

/** The elements that share a scale; of rank1, which meet at a scale that is the least of one a dimension. */
export type NormalizePlan = { readonly block: number } | "tensor" | "row" | "col" | "rank1";

export interface StatePlan {
  readonly name: string;
  readonly shape: KernelShape;
  readonly codec: CodecPlan;
  /** Tensors of fewer elements keep this state in float32. */
  readonly minSize: number;
}

/** How the states of a tensor of at least `minSize` elements and `minRank` dimensions are kept. */
export interface VariantPlan {
  /** quantized: the spec's own codecs; float32: none of them; else which states stay float32. */
  readonly name: string;
  readonly minSize: number;
  readonly minRank: number;
  readonly states: readonly VariantState[];
  /** Elements one thread owns: the smallest run of 16 bytes or more that ends on a word in every packed state. */
  readonly granule: number;
  /** Elements one workgroup owns: whole granules and whole blocks. */
  readonly tile: number;
  readonly passes: readonly PassPlan[];
  /** Arrays that passes leave for later ones of the same step. */
  readonly scratch: readonly ScratchPlan[];
  /** Bits a parameter that the element states take, scales counted for blocks. */
  readonly stateBits: number;
}

export interface VariantState {
  readonly name: string;
  readonly shape: KernelShape;
  readonly codec: CodecPlan;
}

/**
 * How many values an array has: one for each of so many neighbours of a shape; or, with `cut`, of each row, column or
 * matrix one for every `cut` of its elements along each axis that it extends over. The parts of a row are neighbours; of
 * a matrix, so are equal parts of its columns.
 */
export interface Extent {
  readonly shape: KernelShape;
  readonly per: number;
  readonly cut?: number;
}

/** float32 values; `<state>_next` becomes `<state>` when the step is over. */
export interface ScratchPlan {
  readonly name: string;
  readonly extent: Extent;
}

/**
 * What runs over all tensors at once. A `sweep` reduces elements to parts of rows and columns, and a `fold` computes
 * values of rows, columns, matrices or tensors. `measure` leaves
 * the maxima of runs that no workgroup can measure by itself in global memory; `step` measures the others within its
 * tile, and writes.
 */
export type PassPlan = ElementPass | SweepPass | FoldPass;

interface PassCost {
  /** Bytes a parameter. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface ElementPass extends PassCost {
  readonly kind: "measure" | "step";
  readonly kernel: string;
  /** States whose statistics come from within the tile. */
  readonly tileStates: readonly string[];
  /** States whose statistics are measured over the whole tensor by a pass of their own. */
  readonly globalStates: readonly string[];
}

export interface SweepPass extends PassCost {
  readonly kind: "sweep";
  readonly kernel: string;
  /** Rows and columns of a square, of which a workgroup owns one. */
  readonly cut: number;
  /** Statements of the rule that are reductions of elements to rows or columns. */
  readonly reductions: readonly number[];
}

export interface FoldPass extends PassCost {
  readonly kind: "fold";
  readonly kernel: string;
  /** What is reduced, and to what. Terms with a `cut`, or `per` above 1, are what an earlier pass left. */
  readonly from: Extent;
  readonly to: Extent;
  /** Statements of the rule that are reductions of this pass. */
  readonly reductions: readonly number[];
  /** Those of them that later passes read. */
  readonly kept: readonly number[];
  /** Statements that give a state its new values, computed where the last reduction ends. */
  readonly states: readonly number[];
}
