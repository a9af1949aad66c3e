import { CpuDevice, type CpuOptions } from "./cpu/device.js";
import type { CudaDevice, CudaOptions } from "./cuda/device.js";
import { openCudaDevice } from "./cuda/open.js";
import type { Device, DeviceKind } from "./device.js";
import { LowbitError } from "./errors.js";
import { TypeScriptDevice } from "./typescript/device.js";
import { findAdapter } from "./webgpu/adapter.js";
import type { WebGpuDevice, WebGpuOptions } from "./webgpu/device.js";
import { openAdapter } from "./webgpu/open.js";

/**
 * `ordinal`, `stream` and `graphs` concern CUDA alone, `threads` and `instructions` the CPU, the others WebGPU.
 */
export interface OpenOptions extends WebGpuOptions, CpuOptions, CudaOptions {
  readonly powerPreference?: GPUPowerPreference;
  /** True for WebGPU's software adapter. */
  readonly forceFallbackAdapter?: boolean;
}

/**
 * Opens a device: the named one, or the first that there is of CUDA, WebGPU on a GPU, the CPU (both CUDA and the CPU with
 * the native addon) and TypeScript.
 *
 * @throws {LowbitError} `no-cuda`, `no-webgpu` or `no-native` where that device was named and is missing; `unknown-device`;
 * and, named or not, where one is there and does not work, such as `old-driver`, `broken-native`
 */
export function openDevice(kind: "cuda", options?: OpenOptions): Promise<CudaDevice>;
export function openDevice(kind: "webgpu", options?: OpenOptions): Promise<WebGpuDevice>;
export function openDevice(kind: "cpu", options?: OpenOptions): Promise<CpuDevice>;
export function openDevice(kind: "typescript"): Promise<TypeScriptDevice>;
export function openDevice(kind?: DeviceKind, options?: OpenOptions): Promise<Device>;
export async function openDevice(kind?: DeviceKind, options: OpenOptions = {}): Promise<Device> {
  const { maxBindingBytes, threads, instructions, ordinal, stream, graphs, ...request } = options;
  const webgpu = maxBindingBytes === undefined ? {} : { maxBindingBytes };
  switch (kind) {
    case "typescript":
      return new TypeScriptDevice();
    case "cpu":
      return new CpuDevice(options);
    case "webgpu":
      return openAdapter(await findAdapter(request), webgpu);
    case "cuda":
      return openCudaDevice(options);
    case undefined:
      return openCuda(options) ?? (await openGpu(request, webgpu)) ?? openHost(options);
    default:
      throw new LowbitError(
        "unknown-device",
        `there is no device ${JSON.stringify(kind satisfies never)}: name "cuda", "webgpu", "cpu" or "typescript", or none for the best there is`,
      );
  }
}

function openCuda(options: CudaOptions): CudaDevice | null {
  try {
    return openCudaDevice(options);
  } catch (error) {
    return unlessMissing(error);
  }
}

/** Null where there is no adapter, or a software one alone: the processor does better by itself. */
async function openGpu(
  request: GPURequestAdapterOptions,
  options: WebGpuOptions,
): Promise<WebGpuDevice | null> {
  const adapter = await findAdapter(request).catch(unlessMissing);
  if (adapter === null) return null;
  const device = await openAdapter(adapter, options);
  if (!device.description.endsWith("(software)")) return device;
  device.dispose();
  return null;
}

function openHost(options: CpuOptions): Device {
  try {
    return new CpuDevice(options);
  } catch (error) {
    return unlessMissing(error) ?? new TypeScriptDevice();
  }
}

function unlessMissing(error: unknown): null {
  if (error instanceof LowbitError && /^no-(webgpu|native|cuda)$/.test(error.code)) return null;
  throw error;
}
