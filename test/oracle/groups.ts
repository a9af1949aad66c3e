import { sizeOf, viewOf } from "./view.js";

/**
 * The elements that share a scale: a run of B elements of the flattened tensor (the last may be short), the whole tensor, a row
 * or a column of each matrix; or `rank1`, arXiv 2309.01507, section 4.2: one scale for each index of each dimension, the least
 * of which counts for an element. With less than two dimensions rank1 is blocks of 128.
 */
export type Normalize = { readonly block: number } | "tensor" | "row" | "col" | "rank1";

/** How many scales a tensor has, and which of them meet at an element: one, but with rank1 one for each dimension. */
export interface Groups {
  readonly count: number;
  readonly entries: readonly ((element: number) => number)[];
}

export function groupsOf(normalize: Normalize, shape: readonly number[]): Groups {
  const n = sizeOf(shape);
  if (typeof normalize === "object") {
    const { block } = normalize;
    return { count: Math.ceil(n / block), entries: [(i) => Math.floor(i / block)] };
  }
  const { batch, rows, cols } = viewOf(shape);
  switch (normalize) {
    case "tensor":
      return { count: Math.min(n, 1), entries: [() => 0] };
    case "row":
      return { count: batch * rows, entries: [(i) => Math.floor(i / cols)] };
    case "col":
      return { count: batch * cols, entries: [(i) => Math.floor(i / (rows * cols)) * cols + (i % cols)] };
    case "rank1":
      return shape.length < 2 ? groupsOf({ block: 128 }, shape) : dimensions(shape);
  }
}

/** One scale an index of each dimension, those of the first dimension first. */
function dimensions(shape: readonly number[]): Groups {
  const entries = shape.map((size, d) => {
    const first = shape.slice(0, d).reduce((sum, size) => sum + size, 0);
    const stride = sizeOf(shape.slice(d + 1));
    return (i: number) => first + (Math.floor(i / stride) % size);
  });
  return { count: shape.reduce((sum, size) => sum + size, 0), entries };
}

/** The scale of an element: the least of those that meet at it. */
export function scaleOf(scales: Float32Array, { entries }: Groups, element: number): number {
  return entries.reduce(
    (least, entry) => Math.min(least, scales[entry(element)] as number),
    Number.POSITIVE_INFINITY,
  );
}
