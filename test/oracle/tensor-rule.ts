import { type Arithmetic, float32 } from "./arithmetic.js";
import { type Field, type Fields, fieldsOf } from "./fields.js";
import { countOf, type FieldShape, viewOf } from "./view.js";

/** What a state has one value for. All but element states are float32. */
export type StateShape = Exclude<FieldShape, "matrix">;

/** A whole tensor after its update: the parameter, and the states in the order the rule names them. */
export interface UpdatedTensor {
  readonly p: Field;
  readonly states: readonly Field[];
}

export type TensorUpdate = (fields: Fields, p: Field, g: Field, states: readonly Field[]) => UpdatedTensor;

/** An optimizer with values of rows, columns or tensors; otherwise as `Rule`. */
export interface TensorRule<Hypers> {
  readonly states: readonly string[];
  /** One for each state. */
  readonly shapes: readonly StateShape[];
  at(hyper: Hypers, t: number, ops: Arithmetic): TensorUpdate;
}

/** The plain values of a tensor, in row-major order. */
export interface TensorValues {
  readonly p: Float32Array;
  readonly states: readonly Float32Array[];
}

/**
 * The update of a tensor of this shape in float32. `hold`: an element whose gradient or any new element state is not finite
 * keeps its parameter and its element states, and one whose new parameter is not finite keeps that. What a rule gives to another state it holds by itself, with
 * `Fields.kept`, so that what follows sees what will be stored.
 */
export function updateTensor(
  { shapes }: { readonly shapes: readonly StateShape[] },
  update: TensorUpdate,
  nonfinite: "hold" | "propagate",
  shape: readonly number[],
  before: TensorValues,
  g: Float32Array,
): TensorValues {
  const view = viewOf(shape);
  const field = (shape: FieldShape, data: Float32Array): Field => ({ shape, data: Float64Array.from(data) });
  const after = update(
    fieldsOf(view, float32, nonfinite),
    field("element", before.p),
    field("element", g),
    shapes.map((shape, k) => field(shape, before.states[k] as Float32Array)),
  );
  for (const [k, { shape }] of [after.p, ...after.states].entries()) {
    const wanted = k === 0 ? "element" : shapes[k - 1];
    if (shape !== wanted)
      throw new RangeError(`the rule gives a ${shape} value where a ${wanted} one is kept`);
  }
  const elements = after.states.filter((_, k) => shapes[k] === "element");
  const allFinite = (i: number) =>
    Number.isFinite(g[i]) && elements.every(({ data }) => Number.isFinite(data[i]));

  const kept = ({ shape, data }: Field, old: Float32Array): Float32Array =>
    Float32Array.from(data, (x, i) =>
      nonfinite === "hold" && shape === "element" && !allFinite(i) ? (old[i] as number) : x,
    );
  const p = kept(after.p, before.p);
  return {
    p: nonfinite === "hold" ? p.map((x, i) => (Number.isFinite(x) ? x : (before.p[i] as number))) : p,
    states: after.states.map((state, k) => kept(state, before.states[k] as Float32Array)),
  };
}

/** How many values a state has. */
export function stateLength(shape: StateShape, tensor: readonly number[]): number {
  return countOf(viewOf(tensor), shape);
}
