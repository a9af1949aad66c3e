import { LowbitError } from "../errors.js";
import { WebGpuDevice, type WebGpuOptions } from "./device.js";

/** Makes a device of the adapter, with the adapter's own limits on buffers. */
export async function openAdapter(adapter: GPUAdapter, options: WebGpuOptions): Promise<WebGpuDevice> {
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  try {
    const gpu = await adapter.requestDevice({
      label: "lowbit-gen",
      requiredLimits: { maxStorageBufferBindingSize, maxBufferSize },
    });
    return new WebGpuDevice(gpu, options, true);
  } catch (cause) {
    throw new LowbitError("no-webgpu", `the WebGPU adapter gives no device: ${String(cause)}`, { cause });
  }
}

/**
 * Runs optimizers on a WebGPU device that the caller already has, beside the caller's own work. `dispose` leaves it open.
 * Buffers are limited by what the device was requested with: ask for the adapter's `maxStorageBufferBindingSize`
 * and `maxBufferSize` where tensors are large.
 */
export function openWebGpuDevice(gpu: GPUDevice, options: WebGpuOptions = {}): WebGpuDevice {
  return new WebGpuDevice(gpu, options, false);
}
