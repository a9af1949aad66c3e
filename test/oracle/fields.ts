import type { Arithmetic } from "./arithmetic.js";
import { countOf, entryOf, type FieldShape, hasCols, hasRows, join, type View, without } from "./view.js";

/** The values of one shape, in row-major order. */
export interface Field {
  readonly shape: FieldShape;
  readonly data: Float64Array;
}

/** A number is a uniform: the same for the whole tensor, rounded before it comes here. */
export type Operand = Field | number;

/** What a rule over whole tensors is written in. Operations repeat an operand along the axes it lacks. */
export interface Fields {
  add(a: Operand, b: Operand): Field;
  sub(a: Operand, b: Operand): Field;
  mul(a: Operand, b: Operand): Field;
  div(a: Operand, b: Operand): Field;
  sqrt(a: Operand): Field;
  /** a where a < b, else b. */
  min(a: Operand, b: Operand): Field;
  /** a where a > b, else b. */
  max(a: Operand, b: Operand): Field;
  /** `hold`: where the new value of a state is not finite, the old one. */
  kept(next: Field, old: Field): Field;
  /** a where x > 0, else b. */
  ifPositive(x: Operand, a: Operand, b: Operand): Field;
  /** Over the last axis: of an element or a column. */
  rowmean(a: Field): Field;
  rowmax(a: Field): Field;
  /** Over the axis before it: of an element or a row. */
  colmean(a: Field): Field;
  colmax(a: Field): Field;
  /** Over everything. */
  sum(a: Field): Field;
  mean(a: Field): Field;
  norm(a: Field): Field;
  rms(a: Field): Field;
  absmax(a: Field): Field;
}

/**
 * The sum by the balanced tree of adjacent pairs: every level adds neighbours 2i and 2i + 1, rounding once each; a last one
 * without a neighbour passes up as it is. The sum of nothing is 0.
 */
export function treeSum(terms: Float64Array, { add }: Pick<Arithmetic, "add">): number {
  let level = terms;
  while (level.length > 1) {
    const below = level;
    level = Float64Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [a, b] = [below[2 * i] as number, below[2 * i + 1]];
      return b === undefined ? a : add(a, b);
    });
  }
  return level[0] ?? 0;
}

type Reduce = (terms: Float64Array) => number;

/**
 * `hold`: a term of a reduction that is not finite counts as 0. `propagate`: IEEE, except that a maximum ignores NaN where
 * there is anything else.
 */
export function fieldsOf(view: View, ops: Arithmetic, nonfinite: "hold" | "propagate"): Fields {
  const shapeOf = (a: Operand): FieldShape => (typeof a === "number" ? "tensor" : a.shape);

  function map(f: (...values: number[]) => number, ...operands: Operand[]): Field {
    const shape = operands.map(shapeOf).reduce(join);
    const data = Float64Array.from({ length: countOf(view, shape) }, (_, i) =>
      f(
        ...operands.map((a) =>
          typeof a === "number" ? a : (a.data[entryOf(view, shape, a.shape, i)] as number),
        ),
      ),
    );
    return { shape, data };
  }

  const termsOf = (a: Field): Float64Array =>
    nonfinite === "hold" ? a.data.map((x) => (Number.isFinite(x) ? x : 0)) : a.data;

  function overCols(reduce: Reduce, a: Field): Field {
    if (!hasCols(a.shape)) throw new RangeError(`a ${a.shape} value has no columns to reduce`);
    const [shape, terms, { cols }] = [without(a.shape, "cols"), termsOf(a), view];
    const data = Float64Array.from({ length: countOf(view, shape) }, (_, line) =>
      reduce(terms.subarray(line * cols, (line + 1) * cols)),
    );
    return { shape, data };
  }

  function overRows(reduce: Reduce, a: Field): Field {
    if (!hasRows(a.shape)) throw new RangeError(`a ${a.shape} value has no rows to reduce`);
    const [shape, terms, { rows }] = [without(a.shape, "rows"), termsOf(a), view];
    const width = hasCols(a.shape) ? view.cols : 1;
    const data = Float64Array.from({ length: countOf(view, shape) }, (_, k) => {
      const [matrix, col] = [Math.floor(k / width), k % width];
      return reduce(
        Float64Array.from({ length: rows }, (_, row) => terms[(matrix * rows + row) * width + col] as number),
      );
    });
    return { shape, data };
  }

  const overAll = (reduce: Reduce, a: Field): Field => ({
    shape: "tensor",
    data: Float64Array.of(reduce(termsOf(a))),
  });

  const sum: Reduce = (terms) => treeSum(terms, ops);
  const mean: Reduce = (terms) => ops.div(sum(terms), ops.round(terms.length));
  const maximum: Reduce = (terms) =>
    terms.reduce(
      (most, x) => (Number.isNaN(most) ? x : Number.isNaN(x) ? most : Math.max(most, x)),
      Number.NaN,
    );
  const absolute: Reduce = (terms) => maximum(terms.map(Math.abs));
  const square = (a: Field): Field => map((x = 0) => ops.mul(x, x), a);
  const root = (a: Operand): Field => map(ops.sqrt, a);

  return {
    add: (a, b) => map(ops.add, a, b),
    sub: (a, b) => map(ops.sub, a, b),
    mul: (a, b) => map(ops.mul, a, b),
    div: (a, b) => map(ops.div, a, b),
    sqrt: root,
    min: (a, b) => map((x = 0, y = 0) => (x < y ? x : y), a, b),
    max: (a, b) => map((x = 0, y = 0) => (x > y ? x : y), a, b),
    kept: (next, old) =>
      nonfinite === "hold" ? map((x = 0, y = 0) => (Number.isFinite(x) ? x : y), next, old) : next,
    ifPositive: (x, a, b) => map((test = 0, yes = 0, no = 0) => (test > 0 ? yes : no), x, a, b),
    rowmean: (a) => overCols(mean, a),
    rowmax: (a) => overCols(maximum, a),
    colmean: (a) => overRows(mean, a),
    colmax: (a) => overRows(maximum, a),
    sum: (a) => overAll(sum, a),
    mean: (a) => overAll(mean, a),
    norm: (a) => root(overAll(sum, square(a))),
    rms: (a) => root(overAll(mean, square(a))),
    absmax: (a) => overAll(absolute, a),
  };
}
