import type { KernelShape, ReductionFunction, Shape } from "./types.js";

/**
 * A tensor [..., R, C] is seen as [batch, R, C]; one of n elements alone as [1, n, 1], a scalar as [1, 1, 1].
 * A shape is the axes along which a value differs.
 */
interface Axes {
  readonly batch: boolean;
  readonly rows: boolean;
  readonly cols: boolean;
}

const axes: Record<Shape, Axes> = {
  uniform: { batch: false, rows: false, cols: false },
  tensor: { batch: false, rows: false, cols: false },
  matrix: { batch: true, rows: false, cols: false },
  row: { batch: true, rows: true, cols: false },
  col: { batch: true, rows: false, cols: true },
  element: { batch: true, rows: true, cols: true },
};

/** The shape of what is computed from values of these shapes, element by element. */
export function joinShapes(shapes: readonly Shape[]): Shape {
  if (shapes.every((shape) => shape === "uniform")) return "uniform";
  return shapeOf(
    shapes
      .map((shape) => axes[shape])
      .reduce((a, b) => ({ batch: a.batch || b.batch, rows: a.rows || b.rows, cols: a.cols || b.cols })),
  );
}

/** Whether a value of one shape can stand where another is needed, repeated along the axes it lacks. */
export function fitsShape(shape: Shape, target: KernelShape): boolean {
  return joinShapes([shape, target]) === target;
}

/** The shape a reduction leaves; undefined where there is nothing to reduce. */
export function reducedShape(fn: ReductionFunction, shape: Shape): KernelShape | undefined {
  if (shape === "uniform" || shape === "tensor") return undefined;
  const { rows, cols } = axes[shape];
  if (fn === "rowmean" || fn === "rowmax") return cols ? shapeOf({ ...axes[shape], cols: false }) : undefined;
  if (fn === "colmean" || fn === "colmax") return rows ? shapeOf({ ...axes[shape], rows: false }) : undefined;
  return "tensor";
}

function shapeOf({ batch, rows, cols }: Axes): KernelShape {
  if (rows && cols) return "element";
  if (rows) return "row";
  if (cols) return "col";
  return batch ? "matrix" : "tensor";
}

/** For people. */
export const describeShape: Record<Shape, string> = {
  uniform: "one value a step",
  tensor: "one value a tensor",
  matrix: "one value a matrix",
  row: "one value a row",
  col: "one value a column",
  element: "one value an element",
};
