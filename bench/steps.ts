import { type Device, LowbitError, openDevice } from "lowbit-gen/runtime";
import { drawNoise } from "../generator/cli/bench/noise.js";
import { type Figure, figure } from "./figures.js";
import { type CreateOptimizer, packages } from "./packages.js";

/** One tensor, large enough to leave every cache. */
const ELEMENTS = 4 * 2 ** 20;
/** How many times smaller it is where software stands in for a GPU. */
const SOFTWARE = 32;
const WARMUP = 3;
const SAMPLES = 7;
/** Steps a sample on a device that queues them. */
const QUEUED = 10;

const goals: Readonly<Record<string, string>> = { "adamw-4bit-block": ">= 5" };

/** Million parameters a second, by spec. Gradients exist beforehand, and change from step to step. */
export async function measureTypeScript(): Promise<Figure[]> {
  const device = await openDevice("typescript");
  const gradients = [1, 2, 3].map((seed) => drawNoise(ELEMENTS, 1e-2, seed));
  return Object.entries(packages).map(([name, create]) => {
    const optimizer = create(device, { p: drawNoise(ELEMENTS, 2e-2, 0) });
    const sample = (_: unknown, turn: number): number => {
      const started = performance.now();
      optimizer.step({ p: gradients[turn % gradients.length]! });
      return rateOf(performance.now() - started, ELEMENTS);
    };
    Array.from({ length: WARMUP }, sample);
    const samples = Array.from({ length: SAMPLES }, sample);
    return figure("typescript", name, "M parameters/s", samples, goals[name]);
  });
}

/** The same on WebGPU, with the gradients on the device. Empty where there is no adapter. */
export async function measureWebGpu(): Promise<Figure[]> {
  const device = await openDevice("webgpu").catch((error: unknown) => {
    if (error instanceof LowbitError && error.code === "no-webgpu") return null;
    throw error;
  });
  if (device === null) return [];
  const { description } = device;
  const elements = description.includes("(software)") ? ELEMENTS / SOFTWARE : ELEMENTS;
  const figures: Figure[] = [];
  for (const [name, create] of Object.entries(packages)) {
    const samples = await sampleQueued(device, create, elements);
    const what = `${name}, ${elements.toLocaleString("en-US")} parameters, ${description}`;
    figures.push(figure("webgpu", what, "M parameters/s", samples));
  }
  device.dispose();
  return figures;
}

async function sampleQueued(device: Device, create: CreateOptimizer, elements: number): Promise<number[]> {
  const optimizer = create(device, { p: drawNoise(elements, 2e-2, 0) });
  const gradients = { p: optimizer.grads.p! };
  gradients.p.write(drawNoise(elements, 1e-2, 1));
  const samples: number[] = [];
  for (let turn = 0; turn < 1 + SAMPLES; turn++) {
    await device.synchronize();
    const started = performance.now();
    for (let step = 0; step < QUEUED; step++) optimizer.step(gradients);
    await device.synchronize();
    samples.push(rateOf(performance.now() - started, elements * QUEUED));
  }
  optimizer.dispose();
  return samples.slice(1);
}

/** @returns million a second */
function rateOf(milliseconds: number, elements: number): number {
  return elements / milliseconds / 1000;
}
