/** What the WGSL kernels know of the tensors of a launch. */
import { LowbitError } from "../errors.js";
import type { Geometry } from "../geometry.js";
import { measureOf } from "../tables.js";

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

/** Workgroups in x and y that cover `count` chunks; kernels ignore the few beyond it. */
export function gridOf(count: number, maxPerDimension: number): readonly [number, number] {
  const x = Math.min(count, maxPerDimension);
  return [x, Math.ceil(count / x)];
}
