import type { OptimizerDescriptor, PassDescriptor, UniformValues, WebGpuKernel } from "../descriptor.js";
import type { Launcher, LaunchGroup, LaunchTensor } from "../device.js";
import { extentOf } from "../geometry.js";
import { kernelNamed, moduleFor } from "../modules.js";
import { type Span, spansOf } from "../spans.js";
import { chunkTable } from "../tables.js";
import { ALIGNMENT, type WebGpuArray } from "./array.js";
import type { Faults } from "./faults.js";
import { type BindingName, bindings, type Pipelines } from "./pipelines.js";
import { gridOf, tensorTable } from "./tables.js";
import { UniformBuffer } from "./uniform-buffer.js";
import { usage } from "./usage.js";

export interface LaunchContext {
  readonly gpu: GPUDevice;
  readonly faults: Faults;
  readonly pipelines: Pipelines;
}

interface Tensor extends LaunchTensor {
  readonly arrays: Readonly<Record<string, WebGpuArray>>;
}

/** Tensors whose arrays share all arenas: one dispatch. */
interface Cluster {
  readonly buffers: readonly (GPUBuffer | undefined)[];
  readonly tensors: Tensor[];
}

interface Stage {
  readonly pipeline: GPUComputePipeline;
  readonly dispatches: readonly { readonly group: GPUBindGroup; readonly grid: readonly [number, number] }[];
  readonly clears: readonly Span<GPUBuffer>[];
  readonly copies: readonly Span<GPUBuffer>[];
}

const ROLES = ["p", "g", "state", "next"] as const;

/** Everything that does not change between steps is made here once; a step is one submission. */
export class WebGpuLauncher implements Launcher {
  readonly #context: LaunchContext;
  /** By the settings of the launch groups. */
  readonly #uniforms: readonly UniformBuffer[];
  readonly #stages: readonly Stage[];
  readonly #buffers: GPUBuffer[] = [];
  readonly #unused: Readonly<Record<"state" | "next", GPUBuffer>>;

  constructor(context: LaunchContext, descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]) {
    const { kernels } = moduleFor(descriptor, "webgpu");
    this.#context = context;
    const settings = 1 + Math.max(...work.map((group) => group.settings));
    this.#uniforms = Array.from({ length: settings }, () => new UniformBuffer(context.gpu, descriptor));
    this.#buffers.push(...this.#uniforms.map(({ buffer }) => buffer));
    // Two, because one buffer may not be bound for writing twice.
    this.#unused = { state: this.#upload(new Uint32Array(4)), next: this.#upload(new Uint32Array(4)) };
    this.#stages = work.flatMap(({ variant, suffix, settings, tensors }) => {
      const clusters = clusterByArenas(tensors.filter(({ length }) => length > 0) as Tensor[]);
      const uniforms = this.#uniforms[settings]!.buffer;
      return variant.passes.map((pass) =>
        this.#stage(pass, kernelNamed(kernels, `${pass.kernel}${suffix}`), clusters, uniforms),
      );
    });
  }

  step(uniforms: readonly UniformValues[]): void {
    const { gpu, faults } = this.#context;
    faults.throwFirst();
    faults.guard("running a step", () => {
      this.#uniforms.forEach((buffer, settings) => {
        buffer.write(uniforms[settings]!);
      });
      const encoder = gpu.createCommandEncoder();
      for (const stage of this.#stages) encode(encoder, stage);
      gpu.queue.submit([encoder.finish()]);
    });
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #stage(
    pass: PassDescriptor,
    kernel: WebGpuKernel,
    clusters: readonly Cluster[],
    uniforms: GPUBuffer,
  ): Stage {
    const { gpu, pipelines } = this.#context;
    const tensors = clusters.flatMap((cluster) => cluster.tensors);
    const codebook = this.#upload(Float32Array.from(kernel.codebook.length > 0 ? kernel.codebook : [0]));
    return {
      pipeline: pipelines.pipeline(pass.kernel, kernel),
      dispatches: clusters.map((cluster) => {
        const counts = cluster.tensors.map((tensor) => extentOf(pass.over, tensor));
        const chunks = chunkTable(counts, pass.tile);
        return {
          group: this.#bindGroup(cluster, {
            chunks: this.#upload(chunks),
            tensors: this.#upload(tensorTable(cluster.tensors, kernel.tensorFields)),
            codebook,
            uniforms,
          }),
          grid: gridOf(chunks.length / 2, gpu.limits.maxComputeWorkgroupsPerDimension),
        };
      }),
      clears: rowsOf(
        pass.clears.map((name) => [name]),
        tensors,
      ),
      copies: rowsOf(
        pass.publishes.map(({ from, to }) => [from, to]),
        tensors,
      ),
    };
  }

  #bindGroup(
    { buffers }: Cluster,
    tables: Record<"chunks" | "tensors" | "codebook" | "uniforms", GPUBuffer>,
  ): GPUBindGroup {
    const [p, g, state = this.#unused.state, next = this.#unused.next] = buffers;
    const bound: Record<BindingName, GPUBuffer> = {
      ...tables,
      p: p!,
      g: g!,
      state,
      next,
    };
    return this.#context.gpu.createBindGroup({
      layout: this.#context.pipelines.groupLayout,
      entries: bindings.map(({ name }, binding) => ({ binding, resource: { buffer: bound[name] } })),
    });
  }

  #upload(data: Float32Array | Uint32Array): GPUBuffer {
    const { gpu } = this.#context;
    const buffer = gpu.createBuffer({ size: data.byteLength, usage: usage.storage | usage.copyTarget });
    gpu.queue.writeBuffer(buffer, 0, data);
    this.#buffers.push(buffer);
    return buffer;
  }
}

function clusterByArenas(tensors: readonly Tensor[]): Cluster[] {
  const clusters: Cluster[] = [];
  for (const tensor of tensors) {
    const arrays = Object.values(tensor.arrays);
    const buffers = ROLES.map((role) => arrays.find((array) => array.role === role)?.buffer);
    const cluster = clusters.find((known) => known.buffers.every((buffer, i) => buffer === buffers[i]));
    if (cluster === undefined) clusters.push({ buffers, tensors: [tensor] });
    else cluster.tensors.push(tensor);
  }
  return clusters;
}

/** Arrays of all tensors, in the order in which the optimizer laid them out. */
function rowsOf(rows: readonly (readonly string[])[], tensors: readonly Tensor[]): Span<GPUBuffer>[] {
  return spansOf(
    rows.flatMap((names) => tensors.map(({ arrays }) => names.map((name) => arrays[name]!))),
    ALIGNMENT,
  );
}

type Place = Span<GPUBuffer>["places"][number];

function encode(encoder: GPUCommandEncoder, { pipeline, dispatches, clears, copies }: Stage): void {
  for (const { places, bytes } of clears) encoder.clearBuffer(places[0]!.buffer, places[0]!.offset, bytes);
  if (dispatches.length > 0) {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    for (const { group, grid } of dispatches) {
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
    }
    pass.end();
  }
  for (const { places, bytes } of copies) {
    const [from, to] = places as [Place, Place];
    encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, bytes);
  }
}
