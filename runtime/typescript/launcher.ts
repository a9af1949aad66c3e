import type {
  HostKernel,
  KernelTensor,
  OptimizerDescriptor,
  PassDescriptor,
  UniformValues,
} from "../descriptor.js";
import type { HostData, Launcher, LaunchGroup, LaunchTensor } from "../device.js";
import { kernelNamed, moduleFor } from "../modules.js";
import type { HostArray } from "./array.js";

interface Bound {
  readonly tensor: KernelTensor;
  /** `tensor.arrays`, writable. */
  readonly arrays: Record<string, HostData>;
  readonly gradient: HostArray;
}

interface Launch {
  readonly kernel: HostKernel;
  readonly tensors: readonly Bound[];
  readonly clears: readonly Uint32Array[];
  readonly publishes: readonly { readonly from: Float32Array; readonly to: Float32Array }[];
}

/** Calls the kernels of the readable target tensor by tensor. */
export class HostLauncher implements Launcher {
  readonly #tensors: readonly Bound[];
  readonly #launches: readonly Launch[];

  constructor(descriptor: OptimizerDescriptor, work: readonly LaunchGroup[]) {
    const { kernels } = moduleFor(descriptor, "typescript");
    const groups = work.map(({ variant, tensors }) => ({
      passes: variant.passes,
      tensors: tensors.filter(({ length }) => length > 0).map(bind),
    }));
    this.#tensors = groups.flatMap(({ tensors }) => tensors);
    this.#launches = groups.flatMap(({ passes, tensors }) =>
      passes.map((pass) => makeLaunch(pass, kernelNamed(kernels, pass.kernel), tensors)),
    );
  }

  step(uniforms: UniformValues): void {
    // Gradients may be lent anew for every step.
    for (const { arrays, gradient } of this.#tensors) arrays.g = gradient.data;
    for (const { kernel, tensors, clears, publishes } of this.#launches) {
      for (const next of clears) next.fill(0);
      for (const { tensor } of tensors) kernel(tensor, uniforms);
      for (const { from, to } of publishes) to.set(from);
    }
  }

  dispose(): void {}
}

function bind({ length, id, arrays }: LaunchTensor): Bound {
  const { g, ...others } = arrays as Readonly<Record<string, HostArray>>;
  const bound = Object.fromEntries(Object.entries(others).map(([name, { data }]) => [name, data]));
  return { tensor: { length, id, arrays: bound }, arrays: bound, gradient: g! };
}

function makeLaunch(
  { clears, publishes }: PassDescriptor,
  kernel: HostKernel,
  tensors: readonly Bound[],
): Launch {
  const arraysOf = (states: readonly string[], suffix: string): HostData[] =>
    states.flatMap((state) => tensors.map(({ arrays }) => arrays[`${state}_${suffix}`]!));
  const scales = arraysOf(publishes, "scale") as Float32Array[];
  return {
    kernel,
    tensors,
    clears: arraysOf(clears, "next") as Uint32Array[],
    publishes: arraysOf(publishes, "next").map((next, i) => ({
      from: new Float32Array(next.buffer, next.byteOffset, next.length),
      to: scales[i]!,
    })),
  };
}
