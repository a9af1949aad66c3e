/** The two small tables that let one launch cover many tensors. */
import { LowbitError } from "../errors.js";
import type { Geometry } from "../geometry.js";

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

export interface TableRow extends Geometry {
  readonly id: number;
  readonly arrays: Readonly<Record<string, { readonly byteOffset: number }>>;
}

/** One record a tensor: length, id, then what `fields` name: its geometry, word offsets of its arrays. */
export function tensorTable(tensors: readonly TableRow[], fields: readonly string[]): Uint32Array {
  const stride = 2 + fields.length;
  const table = new Uint32Array(tensors.length * stride);
  tensors.forEach((row, index) => {
    const { length, id, arrays } = row;
    const values = fields.map((field) => {
      const measure = measureOf(row, field);
      if (measure !== undefined) return measure;
      const array = arrays[field];
      if (array === undefined)
        throw new LowbitError("descriptor", `no array ${field} for a kernel that addresses it`);
      return array.byteOffset / 4;
    });
    table.set([length, id, ...values], index * stride);
  });
  return table;
}

/** `rows`, `cols`, `rank`, and `size<dimension>` with 1 for a dimension that is not there. */
function measureOf({ rows, cols, shape }: Geometry, field: string): number | undefined {
  if (field === "rows") return rows;
  if (field === "cols") return cols;
  if (field === "rank") return shape.length;
  const [, dimension] = /^size(\d+)$/.exec(field) ?? [];
  return dimension === undefined ? undefined : (shape[Number(dimension)] ?? 1);
}

/** Workgroups in x and y that cover `count` chunks; kernels ignore the few beyond it. */
export function gridOf(count: number, maxPerDimension: number): readonly [number, number] {
  const x = Math.min(count, maxPerDimension);
  return [x, Math.ceil(count / x)];
}
