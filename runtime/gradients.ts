/** Checks what a step is given, before anything changes. */
import { className, isFloat32Array } from "./arrays.js";
import type { Device, DeviceArray } from "./device.js";
import { LowbitError } from "./errors.js";
import { didYouMean, listNames, quote } from "./names.js";

export type Gradients = Readonly<Record<string, Float32Array | DeviceArray>>;

export interface Expected {
  readonly name: string;
  readonly length: number;
}

/**
 * Writes the gradients into `found`, in the order of `expected`.
 *
 * @param owners the optimizer's own arrays for gradients, with the names of their parameters
 * @throws {LowbitError} `missing-gradient`, `unknown-gradient`, `wrong-gradient`, `wrong-length`, `wrong-device`
 */
export function collectGradients(
  device: Device,
  expected: readonly Expected[],
  owners: ReadonlyMap<unknown, string>,
  grads: Gradients,
  found: (Float32Array | DeviceArray)[],
): void {
  if (typeof grads !== "object" || grads === null)
    throw new LowbitError(
      "wrong-gradient",
      `gradients are given as an object by name, not ${className(grads)}`,
    );
  const names = Object.keys(grads);
  const present = expected.filter(({ name }) => Object.hasOwn(grads, name)).length;
  if (names.length > present) refuseUnknown(expected, names);
  if (present < expected.length) {
    const missing = expected.filter(({ name }) => !Object.hasOwn(grads, name)).map(({ name }) => name);
    throw new LowbitError(
      "missing-gradient",
      `no gradient for ${listNames(missing)}: every step needs one for each of the ${expected.length} parameters`,
    );
  }
  expected.forEach((parameter, i) => {
    const gradient = checkGradient(device, parameter, grads[parameter.name]);
    const owner = owners.get(gradient);
    if (owner !== undefined && owner !== parameter.name) refuseOwn(parameter.name, owner);
    found[i] = gradient;
  });
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
function refuseOwn(name: string, owner: string): never {
  throw new LowbitError(
    "wrong-gradient",
    `the gradient of ${quote(name)} is the optimizer's own array for ${quote(owner)}: use copyFrom, then step`,
  );
}

function checkGradient(
  device: Device,
  { name, length }: Expected,
  value: unknown,
): Float32Array | DeviceArray {
  const onDevice = device.owns(value);
  if (!onDevice && !isFloat32Array(value)) {
    const foreign = typeof value === "object" && value !== null && "device" in value;
    throw new LowbitError(
      foreign ? "wrong-device" : "wrong-gradient",
      foreign
        ? `the gradient of ${quote(name)} lives on another device: read it and pass its values`
        : `the gradient of ${quote(name)} must be a Float32Array or an array of this device, not ${className(value)}`,
    );
  }
  if (onDevice && value.type !== "f32")
    throw new LowbitError(
      "wrong-gradient",
      `the gradient of ${quote(name)} must be of type f32, not ${value.type}`,
    );
  if (value.length !== length)
    throw new LowbitError(
      "wrong-length",
      `the gradient of ${quote(name)} has ${value.length} values, the parameter ${length}`,
    );
  return value;
}
