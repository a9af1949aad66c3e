/** What the CUDA kernels know of the tensors of a launch. */
import type { CudaFieldType, CudaKernel } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import type { Geometry } from "../geometry.js";
import { measureOf } from "../tables.js";

export interface TableRow extends Geometry {
  readonly id: number;
  readonly arrays: Readonly<Record<string, { readonly address: bigint }>>;
}

export interface Layout {
  readonly panel: CudaKernel["panel"];
  readonly fields: readonly {
    readonly name: string;
    readonly type: CudaFieldType;
    readonly offset: number;
  }[];
  /** Bytes of one record. */
  readonly stride: number;
}

const sizes: Readonly<Record<CudaFieldType, number>> = { u32: 4, u64: 8, pointer: 8 };

/** As C lays the struct out: each field on a multiple of its size, the whole one on 16 bytes, so that it is read by them. */
export function layoutOf({ tensor, panel }: Pick<CudaKernel, "tensor" | "panel">): Layout {
  let end = 0;
  const fields = tensor.map(([name, type]) => {
    const offset = Math.ceil(end / sizes[type]) * sizes[type];
    end = offset + sizes[type];
    return { name, type, offset };
  });
  return { panel, fields, stride: Math.ceil(end / 16) * 16 };
}

/** Panels side by side; 0 where a tensor has tiles. */
function panelsAcross({ shape, cols }: Geometry, panel: CudaKernel["panel"]): number {
  if (panel === undefined || shape.length < 2 || cols % panel.cols !== 0) return 0;
  return cols / panel.cols;
}

/** How many panels a kernel makes of a tensor; 0 where it makes tiles of it. */
export function panelsOf(geometry: Geometry, panel: CudaKernel["panel"]): number {
  const across = panelsAcross(geometry, panel);
  return panel === undefined ? 0 : across * geometry.batches * Math.ceil(geometry.rows / panel.rows);
}

/** One record a tensor, in the GPU's order. Gradients may be found elsewhere at every step, and nothing else changes. */
export class TensorTable {
  readonly bytes: Uint8Array;
  readonly #rows: readonly TableRow[];
  readonly #layout: Layout;

  constructor(rows: readonly TableRow[], layout: Layout) {
    this.bytes = tableOf(rows, layout);
    this.#rows = rows;
    this.#layout = layout;
  }

  /** Takes the addresses of the gradients as they are now. */
  refresh(): void {
    const { fields, stride } = this.#layout;
    const field = fields.find(({ name }) => name === "g");
    if (field === undefined) return;
    const words = new BigUint64Array(this.bytes.buffer);
    for (let i = 0; i < this.#rows.length; i++)
      words[(i * stride + field.offset) / 8] = this.#rows[i]!.arrays.g!.address;
  }
}

function tableOf(rows: readonly TableRow[], { panel, fields, stride }: Layout): Uint8Array {
  const bytes = new Uint8Array(rows.length * stride);
  const view = new DataView(bytes.buffer);
  rows.forEach((row, index) => {
    for (const { name, type, offset } of fields) {
      const place = index * stride + offset;
      const value = type === "pointer" ? addressOf(row, name) : numberOf(row, name, panel);
      if (typeof value === "number" && type === "u32") view.setUint32(place, value, true);
      else view.setBigUint64(place, BigInt(value), true);
    }
  });
  return bytes;
}

function addressOf({ arrays }: TableRow, name: string): bigint {
  const array = arrays[name];
  if (array === undefined)
    throw new LowbitError("descriptor", `no array ${name} for a kernel that addresses it`);
  return array.address;
}

function numberOf(row: TableRow, name: string, panel: Layout["panel"]): number {
  const own = { length: row.length, id: row.id, panels: panelsAcross(row, panel) };
  const value = name in own ? own[name as keyof typeof own] : measureOf(row, name);
  if (value === undefined)
    throw new LowbitError("descriptor", `a kernel asks for ${name}, which no tensor has`);
  return value;
}
