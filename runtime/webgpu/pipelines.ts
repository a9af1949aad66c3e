import type { WebGpuKernel } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import { type Faults, plainly } from "./faults.js";
import { STAGE_COMPUTE } from "./usage.js";

/** Bind group 0 of every kernel, in binding order; WGSL must declare a binding with this very access. */
export const bindings = [
  { name: "uniforms", type: "uniform" },
  { name: "chunks", type: "read-only-storage" },
  { name: "tensors", type: "read-only-storage" },
  { name: "p", type: "storage" },
  { name: "g", type: "read-only-storage" },
  { name: "state", type: "storage" },
  { name: "codebook", type: "read-only-storage" },
  { name: "next", type: "storage" },
] as const satisfies readonly { readonly name: string; readonly type: GPUBufferBindingType }[];

export type BindingName = (typeof bindings)[number]["name"];

/** Compiled kernels of a device, each made once however many optimizers use it. */
export class Pipelines {
  readonly groupLayout: GPUBindGroupLayout;
  readonly #gpu: GPUDevice;
  readonly #faults: Faults;
  readonly #layout: GPUPipelineLayout;
  readonly #made = new Map<string, GPUComputePipeline>();

  constructor(gpu: GPUDevice, faults: Faults) {
    this.#gpu = gpu;
    this.#faults = faults;
    this.groupLayout = gpu.createBindGroupLayout({
      entries: bindings.map(({ type }, binding) => ({
        binding,
        visibility: STAGE_COMPUTE,
        buffer: { type },
      })),
    });
    this.#layout = gpu.createPipelineLayout({ bindGroupLayouts: [this.groupLayout] });
  }

  /** A kernel that does not compile becomes a fault, with the compiler's words. */
  pipeline(name: string, { code }: WebGpuKernel): GPUComputePipeline {
    const made = this.#made.get(code);
    if (made !== undefined) return made;
    let module: GPUShaderModule | undefined;
    const pipeline = this.#faults.guard(
      `making the pipeline of kernel ${name}`,
      () => {
        module = this.#gpu.createShaderModule({ label: name, code });
        return this.#gpu.createComputePipeline({
          label: name,
          layout: this.#layout,
          compute: { module, entryPoint: "main" },
        });
      },
      (activity, error) => explainKernel(name, module, activity, error),
    );
    this.#made.set(code, pipeline);
    return pipeline;
  }
}

async function explainKernel(
  name: string,
  module: GPUShaderModule | undefined,
  activity: string,
  error: GPUError,
): Promise<LowbitError> {
  const messages = (await module?.getCompilationInfo())?.messages ?? [];
  const errors = messages.filter(({ type }) => type === "error");
  if (errors.length === 0) return plainly(activity, error);
  const lines = errors.map(({ lineNum, linePos, message }) => `  ${lineNum}:${linePos} ${message}`);
  return new LowbitError("kernel-compile", `kernel ${name} does not compile:\n${lines.join("\n")}`);
}
