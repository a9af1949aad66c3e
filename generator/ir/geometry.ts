import type { Extent, KernelShape, ScaleRun } from "./types.js";

/** A tensor as [batches, rows, cols]: [..., R, C]; [n, 1] where it has one dimension, [1, 1] where it has none. */
export interface Geometry {
  readonly length: number;
  readonly batches: number;
  readonly rows: number;
  readonly cols: number;
  readonly shape: readonly number[];
}

export function geometryOf(shape: readonly number[]): Geometry {
  const length = shape.reduce((product, size) => product * size, 1);
  const [rows, cols] = shape.length < 2 ? [length, 1] : (shape.slice(-2) as [number, number]);
  const batches = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { length, batches, rows, cols, shape };
}

/** How many values of a shape a tensor has. */
export function countOf(shape: KernelShape, { length, batches, rows, cols }: Geometry): number {
  if (shape === "element") return length;
  if (shape === "row") return batches * rows;
  if (shape === "col") return batches * cols;
  return shape === "matrix" ? batches : 1;
}

export function extentOf({ shape, per, cut }: Extent, geometry: Geometry): number {
  return cut === undefined
    ? Math.ceil(countOf(shape, geometry) / per)
    : countOf(shape, geometry) * partsOf(shape, cut, geometry);
}

/** Into how many parts a row, a column or a matrix is cut. */
function partsOf(shape: KernelShape, cut: number, { rows, cols }: Geometry): number {
  const along = (size: number): number => Math.ceil(size / cut);
  return (shape === "col" ? 1 : along(cols)) * (shape === "row" ? 1 : along(rows));
}

/** Where the value of a shape stands that belongs to a place of another, which differs along at least the same axes. */
export function placeIn(shape: KernelShape, of: KernelShape, place: number, geometry: Geometry): number {
  const { rows, cols } = geometry;
  if (shape === of) return place;
  if (shape === "tensor") return 0;
  if (of === "element") {
    const matrix = Math.floor(place / (rows * cols));
    if (shape === "matrix") return matrix;
    return shape === "row" ? Math.floor(place / cols) : matrix * cols + (place % cols);
  }
  return Math.floor(place / (of === "row" ? rows : cols));
}

/** Where the scale of an element stands; of rank1, where the entries stand that meet at it. */
export function scalePlaces(run: ScaleRun, element: number, geometry: Geometry): readonly number[] {
  if (typeof run === "number") return [Math.floor(element / run)];
  if (run !== "rank1") return [placeIn(run, "element", element, geometry)];
  const places: number[] = [];
  let [first, stride] = [0, geometry.length];
  for (const size of geometry.shape) {
    stride /= size;
    places.push(first + (Math.floor(element / stride) % size));
    first += size;
  }
  return places;
}

/** How many scales a tensor has. */
export function scaleCount(run: ScaleRun, geometry: Geometry): number {
  if (typeof run === "number") return Math.ceil(geometry.length / run);
  if (run === "rank1") return geometry.shape.reduce((sum, size) => sum + size, 0);
  return countOf(run, geometry);
}
