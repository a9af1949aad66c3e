/** Finds WebGPU: the browser's, or Dawn's from the optional package `webgpu` in Node. */
import { LowbitError } from "../errors.js";

/** Dawn's adapters and devices do not keep the object that they come from alive. */
let dawn: GPU | null = null;

/** @throws {LowbitError} `no-webgpu`: what is missing, and what to do about it */
export async function findAdapter(options: GPURequestAdapterOptions): Promise<GPUAdapter> {
  const gpu = browserGpu() ?? (await dawnGpu());
  const adapter = await gpu.requestAdapter(options);
  if (adapter === null)
    throw new LowbitError(
      "no-webgpu",
      "WebGPU found no adapter on this machine. In Node it needs a Vulkan, Metal or Direct3D 12 driver: install the " +
        "GPU's driver, or a software Vulkan driver such as Mesa's lavapipe; in a browser, enable hardware acceleration. " +
        'openDevice("typescript") runs without.',
    );
  return adapter;
}

function browserGpu(): GPU | undefined {
  return (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;
}

async function dawnGpu(): Promise<GPU> {
  if (typeof process === "undefined" || process.versions?.node === undefined)
    throw new LowbitError(
      "no-webgpu",
      "this browser has no WebGPU (navigator.gpu): it needs a current browser and a secure page (https or localhost). " +
        'openDevice("typescript") runs without.',
    );
  if (dawn !== null) return dawn;
  try {
    // A variable keeps bundlers for browsers from looking for the package.
    const name = "webgpu";
    const { create } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      create(options: readonly string[]): GPU;
    };
    dawn = create([]);
    return dawn;
  } catch (cause) {
    const missing = (cause as { readonly code?: unknown } | null)?.code === "ERR_MODULE_NOT_FOUND";
    throw new LowbitError(
      "no-webgpu",
      missing
        ? 'WebGPU in Node needs the package webgpu: npm install webgpu. openDevice("typescript") runs without.'
        : `the package webgpu does not load here: ${String(cause)}. openDevice("typescript") runs without.`,
      { cause },
    );
  }
}
