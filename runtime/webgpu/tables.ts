/** The two small tables that let one launch cover many tensors. */
import { LowbitError } from "../errors.js";

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

export interface TableRow {
  readonly length: number;
  readonly id: number;
  readonly arrays: Readonly<Record<string, { readonly byteOffset: number }>>;
}

/** One record a tensor: length, id, then the word offsets of the arrays named by `fields`. */
export function tensorTable(tensors: readonly TableRow[], fields: readonly string[]): Uint32Array {
  const stride = 2 + fields.length;
  const table = new Uint32Array(tensors.length * stride);
  tensors.forEach(({ length, id, arrays }, index) => {
    const offsets = fields.map((field) => {
      const array = arrays[field];
      if (array === undefined)
        throw new LowbitError("descriptor", `no array ${field} for a kernel that addresses it`);
      return array.byteOffset / 4;
    });
    table.set([length, id, ...offsets], index * stride);
  });
  return table;
}

/** Workgroups in x and y that cover `count` chunks; kernels ignore the few beyond it. */
export function gridOf(count: number, maxPerDimension: number): readonly [number, number] {
  const x = Math.min(count, maxPerDimension);
  return [x, Math.ceil(count / x)];
}
