/** What a check of a device says, and what checks have in common. */
import { fileURLToPath } from "node:url";
import { type CudaDevice, type Device, type HostData, type ParameterInput, toHalf } from "lowbit-gen/runtime";
import { compilersFor } from "../../generator/cli/compile/for-device.js";
import { instantiate, type OptimizerClass } from "../../generator/cli/instantiate.js";
import { compile, loadSpec } from "../../generator/cli/library.js";
import type { Dtype, Plan } from "../../generator/lower/plan.js";

export interface Check {
  /** What should hold, with the figures that it holds for. */
  readonly what: string;
  /** What was found instead; null where it holds. */
  readonly wrong: string | null;
}

/** A shipped spec with p and g of one dtype, compiled for a GPU and for the device that results are held to. */
export async function compileFor(device: CudaDevice, spec: string, dtype: Dtype): Promise<OptimizerClass> {
  const plan = await loadSpec(fileURLToPath(new URL(`${spec}.yaml`, specs)));
  return compileOn([device], { ...plan, dtypes: [{ param: dtype, grad: dtype, suffix: "" }] });
}

/** A plan, or a spec's text, compiled for some devices and `typescript`. */
export async function compileOn(devices: readonly Device[], spec: Plan | string): Promise<OptimizerClass> {
  const targets = ["typescript", ...devices.map(({ kind }) => kind)];
  return (await instantiate(compile(spec, { targets }), devices.flatMap(compilersFor))).Optimizer;
}

/** Of the checkout: this file lies in bench/device or, compiled, in dist/bench/device. */
export const specs = new URL(
  import.meta.url.includes("/dist/bench/") ? "../../../spec/" : "../../spec/",
  import.meta.url,
);

/** Float32 values as arrays of a dtype keep them. */
export function valuesOf(values: Float32Array, dtype: Dtype): HostData {
  return dtype === "f32" ? values : toHalf(values, dtype).data;
}

/** Such an array as a parameter. */
export function parameterOf(data: HostData, shape: readonly number[], dtype: Dtype): ParameterInput {
  return data instanceof Float32Array
    ? { data, shape }
    : { data: data as Uint16Array, shape, dtype: dtype as "bf16" };
}

export function bytesOf({ buffer, byteOffset, byteLength }: HostData): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Names of the arrays that differ in a bit, or null. */
export function differences(
  found: Readonly<Record<string, HostData>>,
  expected: Readonly<Record<string, HostData>>,
): string | null {
  const names = Object.keys({ ...expected, ...found }).filter((name) => {
    const [a, b] = [found[name], expected[name]];
    return a === undefined || b === undefined || !bytesOf(a).equals(bytesOf(b));
  });
  return names.length === 0 ? null : `different: ${names.join(", ")}`;
}

/** Numbers from -scale / 2 to scale / 2 in no order, the same for the same salt. */
export function spread(length: number, scale: number, salt: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const mixed = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b);
    values[i] = scale * ((Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 8) / 2 ** 24 - 0.5);
  }
  return values;
}
