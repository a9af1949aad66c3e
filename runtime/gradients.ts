/** Checks what a step is given, before anything changes. */
import { className, isFloat32Array, isUint16Array } from "./arrays.js";
import type { Dtype } from "./descriptor.js";
import type { Device, DeviceArray, HostData } from "./device.js";
import { LowbitError } from "./errors.js";
import type { Half } from "./half.js";
import { didYouMean, listNames, quote } from "./names.js";

/** float32, 16 bits with their dtype, or an array of the device. */
export type Gradient = Float32Array | { readonly data: Uint16Array; readonly dtype: Half } | DeviceArray;

export type Gradients = Readonly<Record<string, Gradient>>;

export interface Expected {
  readonly name: string;
  readonly length: number;
  /** Of the gradient. */
  readonly grad: Dtype;
  /** The optimizer's array for it. */
  readonly own: DeviceArray;
}

/**
 * Writes the gradients into `found`, in the order of `expected`. There may be thousands, at every step: what is right
 * costs neither strings nor objects of its own.
 *
 * @param owners the names of the parameters, by the optimizer's arrays for their gradients
 * @throws {LowbitError} `missing-gradient`, `unknown-gradient`, `wrong-gradient`, `wrong-length`, `wrong-device`
 */
export function collectGradients(
  device: Device,
  expected: readonly Expected[],
  owners: ReadonlyMap<unknown, string>,
  grads: Gradients,
  found: (HostData | DeviceArray)[],
): void {
  if (typeof grads !== "object" || grads === null)
    throw new LowbitError(
      "wrong-gradient",
      `gradients are given as an object by name, not ${className(grads)}`,
    );
  checkNames(expected, grads);
  for (let i = 0; i < expected.length; i++) {
    const parameter = expected[i]!;
    const gradient = checkGradient(device, parameter, grads[parameter.name]);
    if (!ArrayBuffer.isView(gradient) && gradient.role === "g" && gradient !== parameter.own)
      refuseOwn(parameter.name, owners.get(gradient));
    found[i] = gradient;
  }
}

function checkNames(expected: readonly Expected[], grads: Gradients): void {
  const names = Object.keys(grads);
  let inOrder = 0;
  while (inOrder < expected.length && names[inOrder] === expected[inOrder]!.name) inOrder++;
  if (inOrder === expected.length && inOrder === names.length) return;
  const missing = expected.filter(({ name }) => !Object.hasOwn(grads, name)).map(({ name }) => name);
  if (names.length > expected.length - missing.length) refuseUnknown(expected, names);
  if (missing.length > 0)
    throw new LowbitError(
      "missing-gradient",
      `no gradient for ${listNames(missing)}: every step needs one for each of the ${expected.length} parameters`,
    );
}

function refuseUnknown(expected: readonly Expected[], names: readonly string[]): never {
  const known = expected.map(({ name }) => name);
  const set = new Set(known);
  const unknown = names.find((name) => !set.has(name))!;
  throw new LowbitError(
    "unknown-gradient",
    `a gradient is given for ${quote(unknown)}, which is no parameter${didYouMean(unknown, known)}: the parameters are ${listNames(known)}`,
  );
}

/** Whether such an array is read before or after it is fed itself would be left to chance. */
function refuseOwn(name: string, owner: string | undefined): void {
  if (owner === undefined) return;
  throw new LowbitError(
    "wrong-gradient",
    `the gradient of ${quote(name)} is the optimizer's own array for ${quote(owner)}: use copyFrom, then step`,
  );
}

function checkGradient(
  device: Device,
  { name, length, grad }: Expected,
  given: unknown,
): HostData | DeviceArray {
  if (device.owns(given) && given.type === grad && given.length === length) return given;
  const isNamed = typeof given === "object" && given !== null && "data" in given && "dtype" in given;
  const value: unknown = isNamed ? given.data : given;
  const onDevice = device.owns(value);
  const isHalves = isNamed && isUint16Array(value);
  if (!onDevice && !isHalves && !isFloat32Array(value)) {
    const foreign = typeof value === "object" && value !== null && "device" in value;
    throw new LowbitError(
      foreign ? "wrong-device" : "wrong-gradient",
      foreign
        ? `the gradient of ${quote(name)} lives on another device: read it and pass its values`
        : `the gradient of ${quote(name)} must be a Float32Array, { data: Uint16Array, dtype } or an array of this device, not ${className(given)}`,
    );
  }
  const dtype = onDevice ? value.type : isNamed ? given.dtype : "f32";
  if (dtype !== grad || (isHalves && grad === "f32"))
    throw new LowbitError(
      "wrong-gradient",
      `the gradient of ${quote(name)} must be of type ${grad}, not ${String(dtype)}: this optimizer was made for ${grad} ` +
        "gradients of it, which the option grad says",
    );
  if (value.length !== length)
    throw new LowbitError(
      "wrong-length",
      `the gradient of ${quote(name)} has ${value.length} values, the parameter ${length}`,
    );
  return value;
}
