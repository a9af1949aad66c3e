import { hostArray } from "../arrays.js";
import type { OptimizerDescriptor, TypeName } from "../descriptor.js";
import type { ArrayRequest, Device, DeviceArray, HostData, Launcher, LaunchGroup, Role } from "../device.js";
import { LowbitError } from "../errors.js";
import type { EventHandle } from "../native/cuda.js";
import { placeArrays } from "../placement.js";
import { CudaArray } from "./array.js";
import { ALIGNMENT, type Gpu, Transfers } from "./gpu.js";
import { CudaLauncher } from "./launcher.js";
import { Modules } from "./modules.js";
import { Arena, Foreign, refuseStrides } from "./storage.js";

export interface CudaOptions {
  /** Which GPU, from 0, of those that CUDA_VISIBLE_DEVICES leaves. */
  readonly ordinal?: number;
  /** A CUstream of the caller's to run in; without it, one of the device's own, which waits for no other. */
  readonly stream?: bigint;
  /**
   * Whether steps of several operations are captured once and replayed as a graph (default). Must be false where
   * `stream` is the legacy default stream, which cannot be captured.
   */
  readonly graphs?: boolean;
}

/** Runs the CUDA kernels of compiled packages on one GPU. */
export class CudaDevice implements Device {
  readonly kind = "cuda";
  readonly description: string;
  /** What its kernels must be compiled for: sm_90. */
  readonly architecture: string;
  readonly #gpu: Gpu;
  readonly #modules: Modules;
  readonly #graphs: boolean;
  #disposed = false;

  constructor(gpu: Gpu, { graphs = true, stream }: CudaOptions) {
    const { name, major, minor } = gpu.facts;
    this.architecture = `sm_${major}${minor}`;
    this.description = `${name} (${this.architecture})`;
    this.#gpu = gpu;
    this.#modules = new Modules(gpu);
    this.#graphs = graphs && stream !== 0n && stream !== 1n;
  }

  /** Arrays of one role share an arena; every array begins on a multiple of 256 bytes. */
  createArrays(requests: readonly ArrayRequest[]): DeviceArray[] {
    this.#refuseUnusable();
    const { arenas, places } = placeArrays(requests, { alignment: ALIGNMENT, limit: Infinity });
    const made = arenas.map(({ role, bytes }) => new Arena(this.#gpu, bytes, contents[role]));
    try {
      // Gradients that are always lent need no memory of the optimizer's own.
      made.forEach((arena, i) => arenas[i]!.role !== "g" && arena.base);
      const arrays = requests.map((request, i) => {
        const { arena, offset } = places[i]!;
        return new CudaArray(this, this.#gpu, request, made[arena]!, offset);
      });
      const transfers = arrays.flatMap((array, i) => {
        const { source } = requests[i]!;
        return source === undefined || source.length === 0 ? [] : [array.transfer(source)];
      });
      this.#gpu.upload(Transfers.of(transfers));
      return arrays;
    } catch (error) {
      for (const arena of made) arena.free();
      throw error;
    }
  }

  /**
   * An array over device memory of another library: contiguous, on 16 bytes, in this GPU's memory. It must stay there
   * as long as optimizers use it, and what the other library does with it must be in order with this device's stream.
   *
   * @param view where the other library has them: row-major strides in elements are the only ones there are kernels for
   * @throws {LowbitError} `misaligned`, `not-contiguous`, `foreign-memory`, `wrong-length`
   */
  wrap(
    pointer: bigint,
    type: TypeName,
    length: number,
    view?: { readonly shape: readonly number[]; readonly strides: readonly number[] },
  ): CudaArray {
    this.#refuseUnusable();
    if (view !== undefined) refuseStrides(view.shape, view.strides);
    if (!Number.isSafeInteger(length) || length < 0)
      throw new LowbitError(
        "wrong-length",
        `an array of ${length} elements cannot be: give a whole number from 0`,
      );
    const bytes = length * (type === "f32" || type === "u32" ? 4 : 2);
    return new CudaArray(
      this,
      this.#gpu,
      { role: "p", type, length },
      new Foreign(this.#gpu, pointer, bytes),
      0,
    );
  }

  /** Gradients on this device are read from where they are; everything else is copied. */
  feed(targets: readonly DeviceArray[], sources: readonly (HostData | DeviceArray)[]): void {
    this.#refuseUnusable();
    let given = 0;
    for (let i = 0; i < targets.length; i++) {
      (targets[i] as CudaArray).refuseReleased();
      const source = sources[i];
      if (source instanceof CudaArray) source.refuseReleased();
      else given++;
    }
    const transfers = new Transfers(given);
    for (let i = 0; i < targets.length; i++) {
      const array = targets[i] as CudaArray;
      const source = sources[i]!;
      if (!(source instanceof CudaArray)) {
        array.reclaim();
        if (array.length > 0) transfers.add(array.pointer, array.extent, source as HostData);
      } else if (array.role === "g") array.lend(source);
      else if (source !== array) array.copyFrom(source);
    }
    this.#gpu.upload(transfers);
  }

  async read(arrays: readonly DeviceArray[]): Promise<HostData[]> {
    this.#refuseUnusable();
    const hosts = arrays.map(({ type, length }) => hostArray(type, length));
    const transfers = arrays.flatMap((array, i) =>
      array.length === 0 ? [] : [(array as CudaArray).source(hosts[i]!)],
    );
    await this.#gpu.download(transfers);
    return hosts;
  }

  createLauncher(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]): Launcher {
    this.#refuseUnusable();
    return new CudaLauncher(this.#gpu, this.#modules, descriptor, work, this.#graphs);
  }

  owns(value: unknown): value is CudaArray {
    return value instanceof CudaArray && value.device === this;
  }

  async synchronize(): Promise<void> {
    this.#refuseUnusable();
    await this.#gpu.synchronize();
  }

  /** Bytes of the GPU's memory that nobody has taken, other processes included. */
  freeBytes(): number {
    this.#refuseUnusable();
    const { driver, context, failures } = this.#gpu;
    return failures.guard("asking for its memory", () => driver.freeBytes(context));
  }

  /** A point of time in the stream, for `elapsed`. */
  record(): EventHandle {
    this.#refuseUnusable();
    return this.#gpu.record();
  }

  /** Milliseconds of the GPU's clock between two points; waits for the second. */
  elapsed(start: EventHandle, end: EventHandle): number {
    this.#refuseUnusable();
    const { driver, failures } = this.#gpu;
    return failures.guard("measuring time", () => driver.elapsed(start, end));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#gpu.driver.close(this.#gpu.context);
  }

  #refuseUnusable(): void {
    if (this.#disposed) throw new LowbitError("disposed", "the device was disposed: open another");
    this.#gpu.failures.throwIfLost();
  }
}

const contents: Readonly<Record<Role, string>> = {
  p: "parameters",
  g: "gradients",
  state: "states",
  next: "what passes leave for later ones",
};
