import type { CpuKernel, OptimizerDescriptor, PassDescriptor, UniformValues } from "../descriptor.js";
import type { HostData, Launcher, LaunchGroup, LaunchTensor } from "../device.js";
import { LowbitError } from "../errors.js";
import { extentOf } from "../geometry.js";
import type { HostArray } from "../host/array.js";
import { kernelNamed, moduleFor } from "../modules.js";
import type { NativeCpu, NativeKernel, NativeLibrary, NativePool } from "../native/cpu.js";
import { chunkTable } from "../tables.js";
import { UniformWords } from "../uniform-words.js";
import { openLibrary } from "./library.js";
import { TensorTable } from "./tables.js";

export interface CpuContext {
  readonly cpu: NativeCpu;
  readonly pool: NativePool;
}

interface Launch {
  readonly kernel: NativeKernel;
  readonly chunks: Uint32Array;
  readonly table: TensorTable;
  readonly settings: number;
  readonly clears: readonly HostData[];
  readonly publishes: readonly { readonly from: Float32Array; readonly to: HostData }[];
}

/** Everything that does not change between steps is made here once; a step is one native call a pass. */
export class CpuLauncher implements Launcher {
  readonly #context: CpuContext;
  /** By the settings of the launch groups. */
  readonly #uniforms: readonly UniformWords[];
  readonly #launches: readonly Launch[];

  constructor(
    context: CpuContext,
    descriptor: OptimizerDescriptor,
    work: readonly LaunchGroup[],
    instructionSets: readonly string[],
  ) {
    const { kernels } = moduleFor(descriptor, "cpu");
    const libraries = new Map<string, NativeLibrary>();
    const find = (name: string): { found: CpuKernel; kernel: NativeKernel } => {
      const found = kernelNamed(kernels, name);
      const { module } = found;
      const library = libraries.get(module) ?? openLibrary(context.cpu, descriptor, module, instructionSets);
      libraries.set(module, library);
      return { found, kernel: context.cpu.findKernel(library, name) };
    };
    this.#context = context;
    const settings = 1 + Math.max(...work.map((group) => group.settings));
    this.#uniforms = Array.from({ length: settings }, () => new UniformWords(descriptor));
    this.#launches = work.flatMap(({ variant, suffix, settings, tensors }) => {
      const filled = tensors.filter(({ length }) => length > 0);
      return variant.passes.map((pass) => {
        const { found, kernel } = find(`${pass.kernel}${suffix}`);
        const table = new TensorTable(context.cpu, filled, found.tensorFields);
        return { ...stageOf(pass, filled), kernel, table, settings };
      });
    });
  }

  step(uniforms: readonly UniformValues[]): void {
    const { cpu, pool } = this.#context;
    this.#uniforms.forEach((words, settings) => {
      words.write(uniforms[settings]!);
    });
    // Before anything is changed: gradients may be lent anew for every step.
    for (const { table } of this.#launches) table.refresh();
    for (const { kernel, chunks, table, settings, clears, publishes } of this.#launches) {
      for (const next of clears) next.fill(0);
      cpu.run(pool, kernel, this.#uniforms[settings]!.words, chunks, table.rows);
      for (const { from, to } of publishes) to.set(from);
    }
  }

  dispose(): void {}
}

function stageOf(
  { over, tile, clears, publishes }: PassDescriptor,
  tensors: readonly LaunchTensor[],
): Pick<Launch, "chunks" | "clears" | "publishes"> {
  const counts = tensors.map((tensor) => extentOf(over, tensor));
  const dataOf = ({ arrays }: LaunchTensor, name: string): HostData => {
    const array = arrays[name];
    if (array === undefined)
      throw new LowbitError("descriptor", `a pass names the array ${name}: there is none`);
    return (array as HostArray).data;
  };
  return {
    chunks: chunkTable(counts, tile),
    clears: clears.flatMap((name) => tensors.map((tensor) => dataOf(tensor, name))),
    publishes: publishes.flatMap(({ from, to }) =>
      tensors.map((tensor) => ({ from: floatsOf(dataOf(tensor, from)), to: dataOf(tensor, to) })),
    ),
  };
}

/** The same memory: maxima are kept as the bits of floats. */
function floatsOf({ buffer, byteOffset, length }: HostData): Float32Array {
  return new Float32Array(buffer, byteOffset, length);
}
