import type {
  HostKernel,
  KernelTensor,
  OptimizerDescriptor,
  PassDescriptor,
  UniformValues,
} from "../descriptor.js";
import type { HostData, Launcher, LaunchGroup, LaunchTensor } from "../device.js";
import type { HostArray } from "../host/array.js";
import { kernelNamed, moduleFor } from "../modules.js";

interface Bound {
  readonly tensor: KernelTensor;
  /** `tensor.arrays`, writable. */
  readonly arrays: Record<string, HostData>;
  readonly gradient: HostArray;
}

interface Launch {
  readonly kernel: HostKernel;
  readonly tensors: readonly Bound[];
  readonly settings: number;
  readonly clears: readonly HostData[];
  readonly publishes: readonly { readonly from: Float32Array; readonly to: HostData }[];
}

/** Calls the kernels of the readable target tensor by tensor. */
export class HostLauncher implements Launcher {
  readonly #tensors: readonly Bound[];
  readonly #launches: readonly Launch[];

  constructor(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]) {
    const { kernels } = moduleFor(descriptor, "typescript");
    const groups = work.map(({ variant, suffix, settings, tensors }) => ({
      passes: variant.passes,
      suffix,
      settings,
      tensors: tensors.filter(({ length }) => length > 0).map(bind),
    }));
    this.#tensors = groups.flatMap(({ tensors }) => tensors);
    this.#launches = groups.flatMap(({ passes, suffix, settings, tensors }) =>
      passes.map((pass) => ({
        ...makeLaunch(pass, kernelNamed(kernels, `${pass.kernel}${suffix}`), tensors),
        settings,
      })),
    );
  }

  step(uniforms: readonly UniformValues[]): void {
    // Gradients may be lent anew for every step.
    for (const { arrays, gradient } of this.#tensors) arrays.g = gradient.data;
    for (const { kernel, tensors, settings, clears, publishes } of this.#launches) {
      for (const next of clears) next.fill(0);
      for (const { tensor } of tensors) kernel(tensor, uniforms[settings]!);
      for (const { from, to } of publishes) to.set(from);
    }
  }

  dispose(): void {}
}

function bind({ length, rows, cols, shape, id, arrays }: LaunchTensor): Bound {
  const { g, ...others } = arrays as Readonly<Record<string, HostArray>>;
  const bound = Object.fromEntries(Object.entries(others).map(([name, { data }]) => [name, data]));
  return { tensor: { length, rows, cols, shape, id, arrays: bound }, arrays: bound, gradient: g! };
}

function makeLaunch(
  { clears, publishes }: PassDescriptor,
  kernel: HostKernel,
  tensors: readonly Bound[],
): Omit<Launch, "settings"> {
  return {
    kernel,
    tensors,
    clears: clears.flatMap((name) => tensors.map(({ arrays }) => arrays[name]!)),
    publishes: publishes.flatMap(({ from, to }) =>
      tensors.map(({ arrays }) => ({ from: floatsOf(arrays[from]!), to: arrays[to]! })),
    ),
  };
}

/** The same memory: maxima are kept as the bits of floats. */
function floatsOf({ buffer, byteOffset, length }: HostData): Float32Array {
  return new Float32Array(buffer, byteOffset, length);
}
