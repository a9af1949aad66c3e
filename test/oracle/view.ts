/**
 * How a tensor is seen by reductions: [..., R, C] as `batch` matrices of R rows and C columns. A tensor of one dimension
 * is one matrix of n rows and a single column, a scalar one of one row.
 */
export interface View {
  readonly batch: number;
  readonly rows: number;
  readonly cols: number;
}

/** One value for each element, each row, each column of a matrix, each matrix, or the whole tensor. */
export type FieldShape = "element" | "row" | "col" | "matrix" | "tensor";

/** Along which of batch, rows and columns a value differs. */
type Axes = readonly [batch: boolean, rows: boolean, cols: boolean];

const axes: Record<FieldShape, Axes> = {
  element: [true, true, true],
  row: [true, true, false],
  col: [true, false, true],
  matrix: [true, false, false],
  tensor: [false, false, false],
};

export function viewOf(shape: readonly number[]): View {
  const [rows = 1, cols = 1] = shape.length < 2 ? shape : shape.slice(-2);
  return { batch: shape.slice(0, -2).reduce((product, size) => product * size, 1), rows, cols };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function hasRows(shape: FieldShape): boolean {
  return axes[shape][1];
}

export function hasCols(shape: FieldShape): boolean {
  return axes[shape][2];
}

/** The shape of a and b together: it differs along every axis along which one of them does. */
export function join(a: FieldShape, b: FieldShape): FieldShape {
  return shapeOf(axes[a].map((differs, axis) => differs || axes[b][axis] === true));
}

/** What is left of a shape without its columns (a reduction over the last axis), or without its rows. */
export function without(shape: FieldShape, axis: "rows" | "cols"): FieldShape {
  const [batch, rows, cols] = axes[shape];
  return axis === "rows" ? shapeOf([batch, false, cols]) : shapeOf([batch, rows, false]);
}

function shapeOf([batch, rows, cols]: readonly boolean[]): FieldShape {
  if (rows && cols) return "element";
  if (rows) return "row";
  if (cols) return "col";
  return batch ? "matrix" : "tensor";
}

/** How many values of a shape a tensor has. */
export function countOf({ batch, rows, cols }: View, shape: FieldShape): number {
  const [b, r, c] = axes[shape];
  return (b ? batch : 1) * (r ? rows : 1) * (c ? cols : 1);
}

/** Where the value of `inner` stands that belongs to value `index` of `outer`; `inner` has no axis that `outer` lacks. */
export function entryOf(view: View, outer: FieldShape, inner: FieldShape, index: number): number {
  const [, r, c] = axes[outer];
  const cols = c ? view.cols : 1;
  const rows = r ? view.rows : 1;
  const [col, row] = [index % cols, Math.floor(index / cols) % rows];
  const batch = Math.floor(index / (cols * rows));
  const [inBatch, inRows, inCols] = axes[inner];
  const matrix = inBatch ? batch : 0;
  const line = inRows ? matrix * view.rows + row : matrix;
  return inCols ? line * view.cols + col : line;
}
