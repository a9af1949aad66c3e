import type { OptimizerDescriptor, UniformValues } from "../descriptor.js";
import type { Launcher, LaunchGroup } from "../device.js";
import { LowbitError } from "../errors.js";
import type { GraphHandle, MemoryHandle } from "../native/cuda.js";
import { UniformWords } from "../uniform-words.js";
import { ALIGNMENT, type Gpu, type Transfer } from "./gpu.js";
import type { Modules } from "./modules.js";
import { type Operation, planStep, type StepPlan } from "./plan.js";
import { tensorTable } from "./tables.js";

/**
 * Tables and launches are made once. What changes between steps is in device memory: the uniforms, and in the tensor
 * tables the addresses of gradients that are lent. So a step that is captured once is replayed with new values.
 */
export class CudaLauncher implements Launcher {
  readonly #gpu: Gpu;
  readonly #name: string;
  readonly #plan: StepPlan;
  readonly #blocks: readonly UniformWords[];
  readonly #memory: MemoryHandle;
  readonly #base: bigint;
  /** Addresses of the gradients that the tables on the device hold; none before the first step, which writes them. */
  #gradients: readonly bigint[] | null = null;
  readonly #withGraph: boolean;
  #graph: GraphHandle | null = null;
  #disposed = false;

  constructor(
    gpu: Gpu,
    modules: Modules,
    descriptor: OptimizerDescriptor,
    work: readonly LaunchGroup[],
    graphs: boolean,
  ) {
    this.#gpu = gpu;
    this.#name = descriptor.name;
    const settings = 1 + Math.max(...work.map((group) => group.settings));
    this.#blocks = Array.from({ length: settings }, () => new UniformWords(descriptor));
    this.#plan = planStep(gpu, modules, descriptor, work, settings * this.#pitch);
    // One launch costs less by itself than as a graph.
    this.#withGraph = graphs && this.#plan.operations.length > 1;
    this.#memory = gpu.allocate(this.#plan.bytes, `the launch tables of ${descriptor.name}`);
    this.#base = gpu.driver.address(this.#memory);
    gpu.upload(this.#plan.contents.map(({ offset, host }) => this.#transfer(offset, host)));
  }

  step(uniforms: readonly UniformValues[]): void {
    if (this.#disposed) throw new LowbitError("disposed", `this launcher of ${this.#name} was disposed`);
    const { driver, stream, failures } = this.#gpu;
    const values = this.#blocks.map((block, settings) => {
      block.write(uniforms[settings]!);
      return this.#transfer(settings * this.#pitch, block.words);
    });
    this.#gpu.upload([...values, ...this.#changedTables()]);
    failures.guard(`running a step of ${this.#name}`, () => {
      if (!this.#withGraph) {
        this.#enqueue();
        return;
      }
      this.#graph ??= this.#capture();
      driver.replay(stream, this.#graph);
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { driver } = this.#gpu;
    if (this.#graph !== null) driver.free(this.#graph);
    driver.free(this.#memory);
  }

  /** Bytes from one block of uniforms to the next. */
  get #pitch(): number {
    return Math.ceil(this.#blocks[0]!.words.byteLength / ALIGNMENT) * ALIGNMENT;
  }

  #transfer(offset: number, host: Transfer["host"]): Transfer {
    const extent = Math.ceil(host.byteLength / ALIGNMENT) * ALIGNMENT;
    return { address: this.#base + BigInt(offset), extent, host };
  }

  /** Anew where a gradient is found elsewhere than at the last step. */
  #changedTables(): Transfer[] {
    const gradients = this.#gradientAddresses();
    if (gradients.every((address, i) => address === this.#gradients?.[i])) return [];
    this.#gradients = gradients;
    return this.#plan.tables.map(({ tensors, layout, offset }) =>
      this.#transfer(offset, tensorTable(tensors, layout)),
    );
  }

  #gradientAddresses(): bigint[] {
    return this.#plan.tables.flatMap(({ tensors }) => tensors.map(({ arrays }) => arrays.g!.address));
  }

  #capture(): GraphHandle {
    const { driver, stream } = this.#gpu;
    driver.beginCapture(stream);
    try {
      this.#enqueue();
    } catch (error) {
      // The capture ends in any case; its own error would hide the cause.
      try {
        driver.free(driver.endCapture(stream));
      } catch {}
      throw error;
    }
    return driver.endCapture(stream);
  }

  #enqueue(): void {
    for (const operation of this.#plan.operations) this.#run(operation);
  }

  #run(operation: Operation): void {
    const { driver, stream } = this.#gpu;
    if (operation.kind === "launch") {
      const { kernel, blocks, count, settings, chunks, tensors } = operation;
      const values = BigUint64Array.of(
        this.#base + BigInt(settings * this.#pitch),
        this.#base + BigInt(chunks),
        BigInt(count),
        this.#base + BigInt(tensors),
      );
      driver.launch(stream, kernel.handle, blocks, kernel.threads, values);
      return;
    }
    const { places, bytes } = operation.span;
    const [from, to] = places.map(({ buffer, offset }) => buffer.base + BigInt(offset));
    if (to === undefined) driver.fill(stream, from!, bytes);
    else driver.copy(stream, to, from!, bytes);
  }
}
