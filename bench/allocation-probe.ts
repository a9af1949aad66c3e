/** node --expose-gc allocation-probe.js SPEC DEVICE SIZE: prints an `Allocation` as JSON, or null. */
import { type Device, type DeviceKind, LowbitError, openDevice } from "lowbit-gen/runtime";
import { drawNoise } from "../generator/cli/bench/noise.js";
import type { Allocation } from "./allocation.js";
import { packages } from "./packages.js";

/** Steps until everything is compiled for good. */
const WARMUP = 20;
const SAMPLES = 5;
const STEPS = 10;

const [, , spec = "", kind = "", size = ""] = process.argv;

async function open(): Promise<Device | null> {
  try {
    return await openDevice(kind as DeviceKind);
  } catch (error) {
    if (error instanceof LowbitError && error.code === "no-webgpu") return null;
    throw error;
  }
}

async function measure(device: Device): Promise<Allocation> {
  const optimizer = packages[spec]!(device, { p: drawNoise(Number(size), 2e-2, 0) });
  const gradients = { p: drawNoise(Number(size), 1e-2, 1) };
  const take = (count: number): void => {
    for (let step = 0; step < count; step++) optimizer.step(gradients);
  };
  take(WARMUP);
  const samples: number[] = [];
  for (let sample = 0; sample <= SAMPLES; sample++) {
    await device.synchronize();
    globalThis.gc!();
    // What the collection has taken away, compiled code for one, comes back here.
    take(STEPS);
    const before = allocated();
    take(STEPS);
    samples.push((allocated() - before) / STEPS);
  }
  await device.synchronize();
  const name = device.kind === "typescript" ? "typescript" : `${device.kind} on ${device.description}`;
  device.dispose();
  // The first collection also takes away what only the start needed.
  return { device: name, samples: samples.slice(1) };
}

function allocated(): number {
  const { heapUsed, external } = process.memoryUsage();
  // `external` has the array buffers in it.
  return heapUsed + external;
}

const device = await open();
process.stdout.write(`${JSON.stringify(device === null ? null : await measure(device))}\n`);
