import type { OptimizerDescriptor } from "../descriptor.js";
import type { ArrayRequest, Device, DeviceArray, HostData, Launcher, LaunchGroup } from "../device.js";
import { LowbitError } from "../errors.js";
import { placeArrays } from "../placement.js";
import { ALIGNMENT, Arena, WebGpuArray } from "./array.js";
import { Faults, plainly } from "./faults.js";
import { WebGpuLauncher } from "./launcher.js";
import { Pipelines } from "./pipelines.js";
import { enqueueReadback } from "./readback.js";
import { Transfers } from "./transfers.js";
import { usage } from "./usage.js";

export interface WebGpuOptions {
  /** Cap on the bytes of one buffer, below the device's own limit. */
  readonly maxBindingBytes?: number;
}

/** Runs the WGSL kernels: in browsers, and in Node through Dawn. */
export class WebGpuDevice implements Device {
  readonly kind = "webgpu";
  readonly description: string;
  /** The WebGPU device underneath, for kernels of the caller's own. */
  readonly gpu: GPUDevice;
  readonly #ours: boolean;
  readonly #limit: number;
  readonly #faults: Faults;
  readonly #pipelines: Pipelines;
  readonly #transfers: Transfers;
  #disposed = false;

  /** @param ours whether `gpu` was opened for this object: its stray errors are then faults, and it is destroyed with it */
  constructor(gpu: GPUDevice, { maxBindingBytes = Infinity }: WebGpuOptions, ours: boolean) {
    const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
    const limit = Math.min(maxBindingBytes, maxStorageBufferBindingSize, maxBufferSize);
    this.gpu = gpu;
    this.description = describe(gpu.adapterInfo);
    this.#ours = ours;
    this.#limit = Math.floor(limit / ALIGNMENT) * ALIGNMENT;
    this.#faults = new Faults(gpu);
    this.#pipelines = new Pipelines(gpu, this.#faults);
    this.#transfers = new Transfers(gpu, this.#faults);
    if (ours)
      gpu.addEventListener("uncapturederror", ({ error }) => {
        this.#faults.fail(plainly("outside of an optimizer", error));
      });
  }

  createArrays(requests: readonly ArrayRequest[]): DeviceArray[] {
    this.#refuseUnusable();
    const { arenas, places } = placeArrays(requests, { alignment: ALIGNMENT, limit: this.#limit });
    const total = arenas.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.#faults.guard(`allocating ${total} bytes`, () => {
      const made = arenas.map(
        ({ bytes }) =>
          new Arena(
            this.gpu.createBuffer({
              size: Math.max(bytes, ALIGNMENT),
              usage: usage.storage | usage.copySource | usage.copyTarget,
            }),
          ),
      );
      const arrays = requests.map((request, i) => {
        const { arena, offset } = places[i]!;
        return new WebGpuArray(this, this.#transfers, request, made[arena]!, offset);
      });
      const filled = arrays.filter((_, i) => requests[i]!.source !== undefined);
      this.#transfers.feed(
        filled,
        requests.map(({ source }) => source).filter((source) => source !== undefined),
      );
      return arrays;
    });
  }

  feed(targets: readonly DeviceArray[], sources: readonly (HostData | DeviceArray)[]): void {
    this.#refuseUnusable();
    this.#transfers.feed(targets as readonly WebGpuArray[], sources as readonly (HostData | WebGpuArray)[]);
  }

  async read(arrays: readonly DeviceArray[]): Promise<HostData[]> {
    this.#refuseUnusable();
    const work = this.#faults.guard("reading", () =>
      enqueueReadback(this.gpu, arrays as readonly WebGpuArray[]),
    );
    return this.#faults.settle(work);
  }

  createLauncher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher {
    this.#refuseUnusable();
    const context = { gpu: this.gpu, faults: this.#faults, pipelines: this.#pipelines };
    return this.#faults.guard(
      `preparing ${descriptor.name}`,
      () => new WebGpuLauncher(context, descriptor, work),
    );
  }

  owns(value: unknown): value is DeviceArray {
    return value instanceof WebGpuArray && value.device === this;
  }

  async synchronize(): Promise<void> {
    this.#refuseUnusable();
    await this.#faults.settle(this.gpu.queue.onSubmittedWorkDone());
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#ours) this.gpu.destroy();
  }

  #refuseUnusable(): void {
    if (this.#disposed) throw new LowbitError("disposed", "the device was disposed: open another");
    this.#faults.throwFirst();
  }
}

function describe({ vendor, architecture, device, description, isFallbackAdapter }: GPUAdapterInfo): string {
  const name = description || [vendor, device || architecture].filter(Boolean).join(" ") || "WebGPU adapter";
  const software =
    isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${architecture} ${name}`);
  return software ? `${name} (software)` : name;
}
