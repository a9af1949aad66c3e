/** The update rule after analysis: every name resolved, every value's shape known. Types only. */

/** What a value ranges over: one a step, one an element, one a row, column or matrix, one a tensor (rule/shapes.ts). */
export type Shape = "uniform" | KernelShape;
/** Of what kernels compute. */
export type KernelShape = "element" | VectorShape;
/** Of what is smaller than a tensor. */
export type VectorShape = "row" | "col" | "matrix" | "tensor";

export type ReductionFunction =
  | "rowmean"
  | "rowmax"
  | "colmean"
  | "colmax"
  | "mean"
  | "sum"
  | "norm"
  | "rms"
  | "absmax";

export type ArithmeticFunction = "add" | "sub" | "mul" | "div" | "neg";
export type ComparisonFunction = "lt" | "le" | "gt" | "ge" | "eq" | "ne";
export type NamedFunction = "select" | "min" | "max" | "abs" | "sign" | "sqrt";
export type HostFunction = "pow" | "exp" | "log";

/** Functions that kernels compute on elements. */
export type ElementFunction = ArithmeticFunction | ComparisonFunction | NamedFunction;
/** Functions that the host computes once a step, in float64. */
export type UniformFunction = ElementFunction | HostFunction;

export type UniformExpr =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "hyper"; readonly name: string }
  | { readonly kind: "step" }
  | { readonly kind: "apply"; readonly fn: UniformFunction; readonly args: readonly UniformExpr[] };

export type ElementExpr =
  | { readonly kind: "uniform"; readonly expr: UniformExpr }
  /** p, g, a state or a local: its latest value. */
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "apply"; readonly fn: ElementFunction; readonly args: readonly ElementExpr[] }
  | Reduction;

/** One value from many. */
export interface Reduction {
  readonly kind: "reduce";
  readonly fn: ReductionFunction;
  /** Of the result. */
  readonly shape: VectorShape;
  readonly arg: ElementExpr;
  /** Of the argument. */
  readonly argShape: KernelShape;
}

/** `name = value`, in the order of the rule; assignments of uniform values are inlined where they are used. */
export interface ElementAssignment {
  readonly target: string;
  readonly role: "param" | "gradient" | "state" | "local";
  readonly shape: KernelShape;
  readonly value: ElementExpr;
}

export interface Schedule {
  readonly name: string;
  readonly value: UniformExpr;
}

export interface Rule {
  readonly assignments: readonly ElementAssignment[];
  /** Hypers given by an expression, in an order in which each uses only numbers and earlier ones. */
  readonly schedules: readonly Schedule[];
  /** Uniform locals of the rule, by name, for naming what is hoisted. */
  readonly uniformLocals: Readonly<Record<string, UniformExpr>>;
}
