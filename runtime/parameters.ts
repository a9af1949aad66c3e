/** What the caller hands over to be optimized. */
import { className, isFloat32Array, isUint16Array } from "./arrays.js";
import type { Dtype } from "./descriptor.js";
import type { Device, DeviceArray } from "./device.js";
import { LowbitError } from "./errors.js";
import { sizeOf } from "./geometry.js";
import type { HalfValues, ParameterValues } from "./half.js";
import { quote } from "./names.js";

/** A tensor that an optimizer updates. */
export interface Parameter<Values extends ParameterValues = ParameterValues> {
  readonly shape: readonly number[];
  readonly length: number;
  readonly dtype: Dtype;
  readonly array: DeviceArray;
  /** A copy of the present values, row-major. */
  read(): Promise<Values>;
}

/**
 * Values of shape [length], values with a shape, 16-bit values with their dtype, or a parameter that another optimizer of
 * the device holds.
 */
export type ParameterInput =
  | Float32Array
  | { readonly data: Float32Array; readonly shape: readonly number[]; readonly dtype?: "f32" }
  | HalfValues
  | Parameter;

export interface Accepted {
  readonly name: string;
  readonly shape: readonly number[];
  readonly length: number;
  readonly dtype: Dtype;
  readonly values: Float32Array | Uint16Array | DeviceArray;
}

/** @throws {LowbitError} `no-parameters`, `wrong-parameter`, `wrong-shape`, `wrong-device`, `shared-memory` */
export function acceptParameters(
  device: Device,
  inputs: Readonly<Record<string, ParameterInput>>,
): Accepted[] {
  const accepted = Object.entries(inputs).map(([name, input]) => accept(device, name, input));
  if (accepted.length === 0) throw new LowbitError("no-parameters", "there are no parameters to optimize");
  refuseShared(accepted);
  return accepted;
}

function accept(device: Device, name: string, input: unknown): Accepted {
  if (isFloat32Array(input))
    return { name, shape: [input.length], length: input.length, dtype: "f32", values: input };
  const { data, array, shape, dtype } = Object(input) as Record<string, unknown>;
  const values = array ?? data;
  if (array !== undefined && !device.owns(array))
    throw new LowbitError(
      "wrong-device",
      `parameter ${quote(name)} lives on another device: read it and pass its values`,
    );
  if (!isFloat32Array(values) && !isUint16Array(values) && !device.owns(values))
    throw new LowbitError(
      "wrong-parameter",
      `parameter ${quote(name)} must be a Float32Array or { data: Float32Array, shape }, or of 16 bits { data: Uint16Array, dtype, shape }, not ` +
        `${data === undefined ? className(input) : `data of ${className(data)}`}`,
    );
  const dimensions: readonly unknown[] | null = Array.isArray(shape) ? shape : null;
  if (!dimensions?.every(isSize) || sizeOf(dimensions) !== values.length)
    throw new LowbitError(
      "wrong-shape",
      `parameter ${quote(name)}: shape ${JSON.stringify(shape)} does not describe ${values.length} values`,
    );
  const type = device.owns(values) ? values.type : isFloat32Array(values) ? "f32" : dtype;
  if (!isDtype(type) || (dtype !== undefined && dtype !== type) || (isUint16Array(values) && type === "f32"))
    throw new LowbitError(
      "wrong-parameter",
      `parameter ${quote(name)}: data of ${className(values)} cannot have the dtype ${JSON.stringify(dtype)}: ` +
        "a Float32Array is f32, a Uint16Array bf16 or f16",
    );
  return { name, shape: [...dimensions], length: values.length, dtype: type, values };
}

export function isDtype(value: unknown): value is Dtype {
  return value === "f32" || value === "bf16" || value === "f16";
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Two names for one memory would be updated twice where a device works in place, and once elsewhere. */
function refuseShared(accepted: readonly Accepted[]): void {
  const refuse = (a: Accepted, b: Accepted): never => {
    throw new LowbitError(
      "shared-memory",
      `parameters ${quote(a.name)} and ${quote(b.name)} share memory: pass tied values under one name, with summed gradients`,
    );
  };
  const arrays = new Map<unknown, Accepted>();
  const ends = new Map<ArrayBufferLike, { end: number; owner: Accepted }>();
  const hosts: { values: Float32Array | Uint16Array; owner: Accepted }[] = [];
  for (const owner of accepted) {
    const { values } = owner;
    if (isFloat32Array(values) || isUint16Array(values)) {
      if (values.length > 0) hosts.push({ values, owner });
      continue;
    }
    const other = arrays.get(values);
    if (other !== undefined) refuse(other, owner);
    arrays.set(values, owner);
  }
  for (const { values, owner } of hosts.sort((a, b) => a.values.byteOffset - b.values.byteOffset)) {
    const before = ends.get(values.buffer);
    if (before !== undefined && values.byteOffset < before.end) refuse(before.owner, owner);
    ends.set(values.buffer, { end: values.byteOffset + values.byteLength, owner });
  }
}
