/** What a step enqueues, and the tables that its launches find on the device. */
import type { OptimizerDescriptor } from "../descriptor.js";
import type { LaunchGroup, LaunchTensor } from "../device.js";
import { extentOf } from "../geometry.js";
import { moduleFor } from "../modules.js";
import type { HostBytes } from "../native/cuda.js";
import { type Span, spansOf } from "../spans.js";
import { chunkTable } from "../tables.js";
import type { CudaArray } from "./array.js";
import { ALIGNMENT, type Gpu } from "./gpu.js";
import type { LoadedKernel, Modules } from "./modules.js";
import type { Storage } from "./storage.js";
import { type Layout, layoutOf, panelsOf } from "./tables.js";

export interface Tensor extends LaunchTensor {
  readonly arrays: Readonly<Record<string, CudaArray>>;
}

/** The tensors of one launch, as a table at an offset of the launcher's memory. */
export interface TensorTable {
  readonly tensors: readonly Tensor[];
  readonly layout: Layout;
  readonly offset: number;
}

/** In the order of a step. */
export type Operation = {
  /** Names of those that it reads or writes; one set for operations that are parts of one. */
  readonly touched: ReadonlySet<string>;
} & (
  | { readonly kind: "clear" | "publish"; readonly span: Span<Storage> }
  | {
      readonly kind: "launch";
      readonly kernel: LoadedKernel;
      readonly blocks: number;
      readonly count: number;
      readonly settings: number;
      /** Offsets in the launcher's memory. */
      readonly chunks: number;
      readonly tensors: number;
    }
);

export interface StepPlan {
  /** Of one group of tensors each, which has nothing to do with the others; the one with the most work comes last. */
  readonly branches: readonly (readonly Operation[])[];
  readonly tables: readonly TensorTable[];
  /** Chunk tables, at their offsets. */
  readonly contents: readonly { readonly offset: number; readonly host: HostBytes }[];
  /** Of the launcher's memory. */
  readonly bytes: number;
}

/** @param reserved bytes at the beginning of the launcher's memory, a multiple of the alignment */
export function planStep(
  gpu: Gpu,
  modules: Modules,
  descriptor: OptimizerDescriptor,
  work: readonly LaunchGroup[],
  reserved: number,
): StepPlan {
  const module = moduleFor(descriptor, "cuda");
  const branches: { readonly operations: readonly Operation[]; readonly chunks: number }[] = [];
  const tables: TensorTable[] = [];
  const contents: StepPlan["contents"][number][] = [];
  let bytes = reserved;
  const reserve = (size: number): number => {
    const offset = bytes;
    bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    return offset;
  };
  const place = (host: HostBytes): number => {
    const offset = reserve(host.byteLength);
    contents.push({ offset, host });
    return offset;
  };
  for (const { variant, suffix, settings, tensors: all } of work) {
    const tensors = all.filter(({ length }) => length > 0) as Tensor[];
    const operations: Operation[] = [];
    let total = 0;
    for (const pass of variant.passes) {
      const kernel = modules.kernel(descriptor.name, module, `${pass.kernel}${suffix}`);
      const clears = pass.clears.map((name) => [name]);
      const publishes = pass.publishes.map(({ from, to }) => [from, to]);
      const copy = (kind: "clear" | "publish", rows: readonly (readonly string[])[]): void => {
        const touched = new Set(rows.flat());
        operations.push(...spansOfRows(rows, tensors).map((span) => ({ kind, span, touched })));
      };
      const tile = kernel.tile ?? pass.tile;
      const chunks = chunkTable(
        tensors.map((tensor) => {
          return panelsOf(tensor, kernel.panel) || Math.ceil(extentOf(pass.over, tensor) / tile);
        }),
        1,
      );
      copy("clear", clears);
      if (chunks.length > 0) {
        const count = chunks.length / 2;
        total += count;
        const layout = layoutOf(kernel);
        const table = { tensors, layout, offset: reserve(tensors.length * layout.stride) };
        tables.push(table);
        const resident = residentBlocks(gpu, kernel);
        const { blocks, ordered } = scheduleOf(chunks, resident, kernel.share);
        const at = { chunks: place(ordered), tensors: table.offset };
        operations.push({
          kind: "launch",
          kernel,
          blocks,
          count,
          settings,
          touched: touchedBy(kernel),
          ...at,
        });
      }
      copy("publish", publishes);
    }
    if (operations.length > 0) branches.push({ operations, chunks: total });
  }
  branches.sort((a, b) => a.chunks - b.chunks);
  return { branches: branches.map(({ operations }) => operations), tables, contents, bytes };
}

/** How many blocks there are, and chunks as they find them. */
function scheduleOf(
  chunks: Uint32Array,
  resident: number,
  share: number | undefined,
): { readonly blocks: number; readonly ordered: Uint32Array } {
  const count = chunks.length / 2;
  if (share === undefined) return { blocks: Math.min(count, resident), ordered: counted(chunks) };
  const blocks = blocksOf(count, resident, share);
  return { blocks, ordered: inWindows(chunks, blocks, resident) };
}

/** All that run at once, as often as leaves each no more than its share of the chunks, so that they end together. */
function blocksOf(chunks: number, resident: number, share: number): number {
  return Math.min(chunks, resident * Math.ceil(chunks / share / resident));
}

/** Blocks that run at once. */
function residentBlocks({ facts }: Gpu, kernel: LoadedKernel): number {
  return facts.multiprocessors * Math.max(1, kernel.facts.blocksPerMultiprocessor);
}

/**
 * Pairs, given as tensors lie in memory, in the order in which blocks that run at once work on neighbours, so that few pages
 * of memory are open at a time: block b works on the entries b, b + blocks, b + 2 blocks and so on, and the first `resident`
 * blocks run before the next.
 */
export function inWindows(chunks: Uint32Array, blocks: number, resident: number): Uint32Array {
  const count = chunks.length / 2;
  const ordered = new Uint32Array(chunks.length);
  let next = 0;
  for (let first = 0; first < blocks; first += resident) {
    const last = Math.min(first + resident, blocks);
    for (let turn = 0; turn < count; turn += blocks) {
      const end = Math.min(last + turn, count);
      for (let entry = first + turn; entry < end; entry++) {
        ordered[2 * entry] = chunks[2 * next]!;
        ordered[2 * entry + 1] = chunks[2 * next + 1]!;
        next++;
      }
    }
  }
  return ordered;
}

/** With a pair behind the last, in which kernels whose blocks ask for chunks count them. */
function counted(chunks: Uint32Array): Uint32Array {
  const all = new Uint32Array(chunks.length + 2);
  all.set(chunks);
  return all;
}

/** But gradients, which nothing writes. */
function touchedBy({ tensor }: LoadedKernel): ReadonlySet<string> {
  return new Set(tensor.flatMap(([name, type]) => (type === "pointer" && name !== "g" ? [name] : [])));
}

/** Arrays of all tensors, in the order in which the optimizer laid them out. */
function spansOfRows(rows: readonly (readonly string[])[], tensors: readonly Tensor[]): Span<Storage>[] {
  return spansOf(
    rows.flatMap((names) => tensors.map(({ arrays }) => names.map((name) => arrays[name]!))),
    ALIGNMENT,
  );
}
