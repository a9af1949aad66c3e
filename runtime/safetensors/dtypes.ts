import { LowbitError } from "../errors.js";

/** A safetensors file or tensor that cannot be read or written. */
export class SafetensorsError extends LowbitError {
  override readonly name = "SafetensorsError";
}

/** Element type to the view that holds it. F16, BF16 and F8 are raw bits: JavaScript has no such numbers. */
export const views = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U16: Uint16Array,
  I16: Int16Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
} as const;

export type DType = keyof typeof views;
export type TensorData =
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Uint32Array
  | Int32Array
  | Int16Array
  | Uint16Array
  | Uint8Array
  | Int8Array;

export interface SafeTensor {
  readonly dtype: DType;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export function isDType(value: unknown): value is DType {
  return typeof value === "string" && Object.hasOwn(views, value);
}

/** Number of elements, or null where it is not a safe integer or a dimension is not a whole number >= 0. */
export function elementCount(shape: readonly unknown[]): number | null {
  let count = 1;
  for (const size of shape) {
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}
