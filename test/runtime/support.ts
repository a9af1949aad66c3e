import { createHash } from "node:crypto";
import type { Device, HostData, ParameterInput } from "../../runtime/index.js";
import { Momentum, momentum } from "./momentum.js";

/** Multiples of 1/64 in [-1, 1): sums of a few of them are exact. */
export function values(length: number, seed: number): Float32Array {
  let x = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return ((x & 127) - 64) / 64;
  });
}

export type Sizes = Readonly<Record<string, number>>;

export function parametersOf(sizes: Sizes): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(sizes).map(([name, length], i) => [name, values(length, i + 1)]));
}

export function gradientsOf(sizes: Sizes, step: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(sizes).map(([name, length], i) => [name, values(length, 1000 * step + i)]),
  );
}

export function makeMomentum(
  device: Device,
  params: Readonly<Record<string, ParameterInput>>,
  options: { readonly lr?: number; readonly beta?: number; readonly seed?: number } = {},
): Momentum {
  return new Momentum(momentum, device, params, options);
}

export interface Snapshot {
  readonly t: number;
  readonly hypers: Readonly<Record<string, number | null>>;
  readonly params: Readonly<Record<string, Float32Array>>;
  readonly states: Readonly<Record<string, Readonly<Record<string, HostData>>>>;
}

/** Everything a wrong call must leave as it was. */
export async function snapshot(optimizer: Momentum): Promise<Snapshot> {
  const states: Record<string, Record<string, HostData>> = {};
  for (const name of Object.keys(optimizer.params)) states[name] = await optimizer.state(name);
  return { t: optimizer.t, hypers: optimizer.hypers, params: await optimizer.readParams(), states };
}

export async function runSteps(
  device: Device,
  sizes: Sizes,
  steps: number,
  options: { readonly seed?: number } = {},
): Promise<Snapshot> {
  const optimizer = makeMomentum(device, parametersOf(sizes), options);
  for (let step = 1; step <= steps; step++) optimizer.step(gradientsOf(sizes, step));
  const result = await snapshot(optimizer);
  optimizer.dispose();
  return result;
}

/** Every array as its length and a hash of its bytes: element-wise comparison takes seconds a million. */
export function digest({ params, states }: Snapshot): Record<string, string> {
  const arrays = Object.entries(params).flatMap(([name, values]): [string, HostData][] => [
    [name, values],
    ...Object.entries(states[name] ?? {}).map(([state, data]): [string, HostData] => [
      `${name}/${state}`,
      data,
    ]),
  ]);
  return Object.fromEntries(arrays.map(([name, data]) => [name, `${data.length} ${hash(data)}`]));
}

function hash(data: HostData): string {
  return createHash("sha1")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}
