/** What lets one launch cover many tensors. */
import type { Geometry } from "./geometry.js";

/** Pairs (tensor index, tile index): one a workgroup. */
export function chunkTable(lengths: readonly number[], tile: number): Uint32Array {
  const tiles = lengths.map((length) => Math.ceil(length / tile));
  const table = new Uint32Array(2 * tiles.reduce((sum, count) => sum + count, 0));
  let at = 0;
  tiles.forEach((count, tensor) => {
    for (let index = 0; index < count; index++) {
      table[at++] = tensor;
      table[at++] = index;
    }
  });
  return table;
}

/** `rows`, `cols`, `rank`, and `size<dimension>` with 1 for a dimension that is not there. */
export function measureOf({ rows, cols, shape }: Geometry, field: string): number | undefined {
  if (field === "rows") return rows;
  if (field === "cols") return cols;
  if (field === "rank") return shape.length;
  const [, dimension] = /^size(\d+)$/.exec(field) ?? [];
  return dimension === undefined ? undefined : (shape[Number(dimension)] ?? 1);
}
