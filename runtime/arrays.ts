/** What every device checks before it touches an array. */
import type { TypeName } from "./descriptor.js";
import type { DeviceArray, HostData } from "./device.js";
import { LowbitError } from "./errors.js";

export const hostTypes: Readonly<Record<TypeName, string>> = {
  f32: "Float32Array",
  u32: "Uint32Array",
  bf16: "Uint16Array",
  f16: "Uint16Array",
};

export function isHalf(type: TypeName): boolean {
  return type === "bf16" || type === "f16";
}

/** Words of 4 bytes that an array takes: two elements of 16 bits share one. */
export function wordsOf({ type, length }: { readonly type: TypeName; readonly length: number }): number {
  return isHalf(type) ? Math.ceil(length / 2) : length;
}

/** What values of a type are on the host. */
export type HostDataOf<Type extends TypeName> = Type extends "f32"
  ? Float32Array
  : Type extends "u32"
    ? Uint32Array
    : Uint16Array;

/** Zeros, in the host's memory. */
export function hostArray<Type extends TypeName>(type: Type, length: number): HostDataOf<Type> {
  const Values = isHalf(type) ? Uint16Array : type === "f32" ? Float32Array : Uint32Array;
  return new Values(length) as HostDataOf<Type>;
}

/** The class of a value, also where it comes from another realm: "Float32Array", "Array", "null". */
export function className(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

const nameOfTyped = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Float32Array.prototype),
  Symbol.toStringTag,
)!.get!;

/** The class of a typed array, also where it comes from another realm; undefined for anything else. Makes no string. */
export function typedArrayName(value: unknown): string | undefined {
  return nameOfTyped.call(value);
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return typedArrayName(value) === "Float32Array";
}

export function isUint16Array(value: unknown): value is Uint16Array {
  return typedArrayName(value) === "Uint16Array";
}

export function checkWrite(target: DeviceArray, source: HostData, offset: number): void {
  const needed = hostTypes[target.type];
  if (typedArrayName(source) !== needed)
    throw new LowbitError("wrong-type", `a ${target.type} array takes a ${needed}, not ${className(source)}`);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + source.length > target.length)
    throw new LowbitError(
      "wrong-length",
      `${source.length} elements at offset ${offset} do not fit an array of ${target.length}`,
    );
  const end = offset + source.length;
  if (isHalf(target.type) && (offset % 2 === 1 || (end % 2 === 1 && end < target.length)))
    throw new LowbitError(
      "wrong-length",
      `a ${target.type} array is written in pairs: ${source.length} elements at offset ${offset} begin or end within one`,
    );
}

export function checkCopy(target: DeviceArray, other: DeviceArray): void {
  if (!target.device.owns(other))
    throw new LowbitError("wrong-device", "the array to copy from is of another device");
  if (other.type !== target.type)
    throw new LowbitError(
      "wrong-type",
      `a ${target.type} array cannot take the values of a ${other.type} array`,
    );
  if (other.length !== target.length)
    throw new LowbitError(
      "wrong-length",
      `an array of ${target.length} elements cannot take ${other.length}`,
    );
}
