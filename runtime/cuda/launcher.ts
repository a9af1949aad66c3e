import type { OptimizerDescriptor, UniformValues } from "../descriptor.js";
import type { Launcher, LaunchGroup } from "../device.js";
import { LowbitError } from "../errors.js";
import type { GraphHandle, MemoryHandle } from "../native/cuda.js";
import { UniformWords } from "../uniform-words.js";
import { type Command, capture, type Node, orderOf } from "./capture.js";
import { ALIGNMENT, type Gpu, type Transfer, Transfers } from "./gpu.js";
import type { Modules } from "./modules.js";
import { type Operation, planStep, type StepPlan } from "./plan.js";
import type { Storage } from "./storage.js";
import { TensorTable } from "./tables.js";

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
  /** The blocks of uniforms. */
  readonly #settings: Transfers;
  /** Where gradients are when nothing is lent. */
  readonly #gradients: readonly Storage[];
  /** Made by the first step, since what is never lent has no memory before. */
  #tables: readonly TensorTable[] | null = null;
  /** How often gradients had moved when the tables were written to the device; null where what it has is not known. */
  #moves: number | null = null;
  readonly #branches: readonly (readonly Node[])[];
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
    this.#withGraph = graphs && this.#plan.branches.flat().length > 1;
    this.#memory = gpu.allocate(this.#plan.bytes, `the launch tables of ${descriptor.name}`);
    this.#base = gpu.driver.address(this.#memory);
    gpu.upload(Transfers.of(this.#plan.contents.map(({ offset, host }) => this.#transfer(offset, host))));
    this.#settings = Transfers.of(
      this.#blocks.map(({ words }, settings) => this.#transfer(settings * this.#pitch, words)),
    );
    const gradients = this.#plan.tables.flatMap(({ tensors }) =>
      tensors.map(({ arrays }) => arrays.g!.buffer),
    );
    this.#gradients = [...new Set(gradients)];
    this.#branches = this.#plan.branches.map((operations) => {
      const order = orderOf(operations);
      return operations.map((one, i) => ({ command: this.#command(one), after: order[i]! }));
    });
  }

  step(uniforms: readonly UniformValues[]): void {
    if (this.#disposed) throw new LowbitError("disposed", `this launcher of ${this.#name} was disposed`);
    const { driver, stream, failures } = this.#gpu;
    this.#refreshTables();
    this.#blocks.forEach((block, settings) => {
      block.write(uniforms[settings]!);
    });
    this.#gpu.upload(this.#settings);
    failures.guard(`running a step of ${this.#name}`, () => {
      if (!this.#withGraph) {
        for (const { command } of this.#branches.flat()) command(stream);
        return;
      }
      this.#graph ??= capture(this.#gpu, this.#branches);
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

  /** Writes the tables where a gradient is found elsewhere than at the last step. */
  #refreshTables(): void {
    let moves = 0;
    for (const storage of this.#gradients) moves += storage.moves;
    if (moves === this.#moves) return;
    this.#moves = null;
    const { tables } = this.#plan;
    this.#tables ??= tables.map(({ tensors, layout }) => new TensorTable(tensors, layout));
    for (const table of this.#tables) table.refresh();
    const transfers = this.#tables.map(({ bytes }, i) => this.#transfer(tables[i]!.offset, bytes));
    this.#gpu.upload(Transfers.of(transfers));
    this.#moves = moves;
  }

  #command(operation: Operation): Command {
    const { driver } = this.#gpu;
    if (operation.kind === "launch") {
      const { kernel, blocks, count, settings, chunks, tensors } = operation;
      const values = BigUint64Array.of(
        this.#base + BigInt(settings * this.#pitch),
        this.#base + BigInt(chunks),
        BigInt(count),
        this.#base + BigInt(tensors),
      );
      return (stream) => driver.launch(stream, kernel.handle, blocks, kernel.threads, values);
    }
    const { places, bytes } = operation.span;
    const [from, to] = places.map(({ buffer, offset }) => buffer.base + BigInt(offset));
    if (to === undefined) return (stream) => driver.fill(stream, from!, bytes);
    return (stream) => driver.copy(stream, to, from!, bytes);
  }
}
