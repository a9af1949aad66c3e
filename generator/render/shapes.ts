import type { Extent, KernelShape, VectorInput } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printName } from "../print/index.js";

/** Whether the size of a row or of a column is asked for: to count the values of some shapes, or to find one. */
export function matrixNeeds(
  counted: readonly KernelShape[],
  vectors: readonly ReturnType<typeof vectorView>[],
  states: readonly { readonly isRow: boolean; readonly isCol: boolean }[],
) {
  const ofBoth = vectors.some(({ isColOfElement, isMatrixOfElement }) => isColOfElement || isMatrixOfElement);
  return {
    needsRows:
      ofBoth ||
      counted.some((shape) => shape === "col" || shape === "matrix") ||
      vectors.some(({ isMatrixOfRow }) => isMatrixOfRow) ||
      states.some(({ isCol }) => isCol),
    needsCols:
      ofBoth ||
      counted.some((shape) => shape === "row" || shape === "matrix") ||
      vectors.some(({ isRowOfElement, isMatrixOfCol }) => isRowOfElement || isMatrixOfCol) ||
      states.some(({ isRow, isCol }) => isRow || isCol),
  };
}

export function arraysOf(vectors: readonly VectorInput[]): string[] {
  return [...new Set(vectors.map(({ array }) => array))];
}

export function shapeView(shape: KernelShape) {
  return {
    isElement: shape === "element",
    isRow: shape === "row",
    isCol: shape === "col",
    isMatrix: shape === "matrix",
    isTensor: shape === "tensor",
  };
}

export function extentView({ shape, per, cut }: Extent) {
  return { ...shapeView(shape), per, rest: per - 1, isRuns: per > 1, cut: cut ?? 0 };
}

/** Where a value stands that belongs to a place of another shape; `square`: to an element whose row and column are known. */
export function vectorView(
  { variable, array, isKept, shape }: VectorInput,
  at: KernelShape | "square",
  dialect: Dialect,
) {
  const isSame = shape === "term" || shape === at;
  const isOf = (of: KernelShape | "square", own: KernelShape): boolean => at === of && shape === own;
  return {
    name: printName(variable.name, dialect),
    array,
    isKept,
    isSame,
    isFirst: !isSame && shape === "tensor",
    isRowOfElement: isOf("element", "row"),
    isColOfElement: isOf("element", "col"),
    isRowOfSquare: isOf("square", "row"),
    isColOfSquare: isOf("square", "col"),
    isMatrixOfSquare: isOf("square", "matrix"),
    isMatrixOfElement: isOf("element", "matrix"),
    isMatrixOfRow: isOf("row", "matrix"),
    isMatrixOfCol: isOf("col", "matrix"),
  };
}
