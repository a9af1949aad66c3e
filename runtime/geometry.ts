/** How rows, columns and matrices of a tensor are counted. */
import type { Extent, Shape } from "./descriptor.js";

/** A tensor as [batches, rows, cols]: [..., R, C]; [n, 1] where it has one dimension, [1, 1] where it has none. */
export interface Geometry {
  readonly length: number;
  readonly batches: number;
  readonly rows: number;
  readonly cols: number;
  readonly shape: readonly number[];
}

export function geometryOf(shape: readonly number[]): Geometry {
  const length = sizeOf(shape);
  const [rows, cols] = shape.length < 2 ? [length, 1] : (shape.slice(-2) as [number, number]);
  return { length, batches: sizeOf(shape.slice(0, -2)), rows, cols, shape };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** How many values of a shape a tensor has. */
export function countOf(shape: Shape, { length, batches, rows, cols }: Geometry): number {
  if (shape === "element") return length;
  if (shape === "tensor") return 1;
  if (shape === "matrix") return batches;
  return batches * (shape === "row" ? rows : cols);
}

export function extentOf({ shape, per, cut }: Extent, geometry: Geometry): number {
  const count = countOf(shape, geometry);
  if (cut === undefined) return Math.ceil(count / per);
  const along = (size: number): number => Math.ceil(size / cut);
  return count * (shape === "col" ? 1 : along(geometry.cols)) * (shape === "row" ? 1 : along(geometry.rows));
}

/** How many scales a tensor has. */
export function scaleCount(run: number | "tensor" | "row" | "col" | "rank1", geometry: Geometry): number {
  if (typeof run === "number") return Math.ceil(geometry.length / run);
  if (run === "rank1") return geometry.shape.reduce((sum, size) => sum + size, 0);
  return countOf(run, geometry);
}
