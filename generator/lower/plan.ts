import type { ElementFunction, UniformExpr } from "../rule/types.js";
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
  /** One random stream a stochastically rounded state, numbered in the order of declaration. */
  readonly streams: readonly { readonly state: string; readonly index: number }[];
  readonly dtypes: readonly ["f32"];
  readonly nonfinite: "hold" | "propagate";
  readonly math: "exact";
  readonly rule: readonly RuleStatement[];
  readonly states: readonly StatePlan[];
  readonly variants: readonly VariantPlan[];
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
  readonly value: RuleExpr;
}

export type RuleExpr =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly name: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "apply"; readonly fn: ElementFunction; readonly args: readonly RuleExpr[] };

export type Rounding = "nearest" | "stochastic";

export type CodecPlan = Float32Codec | Bfloat16Codec | TableCodec;

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

/** Normalized by the absolute maximum of a run, then the nearest or a neighbouring level of a table. */
export interface TableCodec {
  readonly kind: "table";
  readonly bits: number;
  readonly signed: boolean;
  readonly mapping: string;
  readonly rounding: Rounding;
  readonly normalize: { readonly block: number } | "tensor";
  readonly scale: "f32";
  /** float32[2^bits], ascending. */
  readonly levels: readonly number[];
  /** float32[2^bits - 1]: the code of n is the number of thresholds <= n. */
  readonly thresholds: readonly number[];
  /** How the compiler finds that number: by a proven shortcut, or by bisection. */
  readonly encoder: EncoderPlan;
}

export interface StatePlan {
  readonly name: string;
  readonly shape: "element";
  readonly codec: CodecPlan;
  /** Tensors of fewer elements keep this state in float32. */
  readonly minSize: number;
}

/** How the states of a tensor of at least `minSize` elements are kept. */
export interface VariantPlan {
  /** quantized: the spec's own codecs; float32: none of them; else which states stay float32. */
  readonly name: string;
  readonly minSize: number;
  readonly states: readonly { readonly name: string; readonly codec: CodecPlan }[];
  /** Elements one thread owns: the smallest run of 16 bytes or more that ends on a word in every packed state. */
  readonly granule: number;
  /** Elements one workgroup owns: whole granules and whole blocks. */
  readonly tile: number;
  readonly passes: readonly PassPlan[];
  /** Bits a parameter that the states take, scales counted for blocks. */
  readonly stateBits: number;
}

/**
 * A pass reads every element once. `measure` leaves the statistics of runs that are longer than a tile in global
 * memory; `step` measures the others within its tile, and writes.
 */
export interface PassPlan {
  readonly kind: "measure" | "step";
  readonly kernel: string;
  /** States whose statistics come from within the tile. */
  readonly tileStates: readonly string[];
  /** States whose statistics are measured over the whole tensor by a pass of their own. */
  readonly globalStates: readonly string[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
}
