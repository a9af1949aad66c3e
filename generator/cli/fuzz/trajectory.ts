import { type Device, type LowbitOptimizer, tensorId } from "../../../runtime/index.js";
import type { Instance } from "../instantiate.js";
import type { Case } from "./cases.js";
import type { Compiled, StepSettings, TensorImage } from "./reference.js";
import { makeTensor, shapeOf } from "./tensors.js";

/** A compiled spec and what its package exports. */
export type Subject = Compiled & Instance;

/** What a device made of a case. */
export interface Trajectory {
  /** Before the first step. */
  readonly start: readonly TensorImage[];
  readonly steps: readonly Step[];
}

export interface Step {
  readonly settings: StepSettings;
  /** One a tensor. */
  readonly gradients: readonly Float32Array[];
  /** After the step. */
  readonly images: readonly TensorImage[];
}

/** @throws {LowbitError} `non-finite-uniform` where the hypers of the case lead to one */
export async function runDevice(
  { plan, Optimizer }: Subject,
  device: Device,
  given: Case,
): Promise<Trajectory> {
  const { seed, tensors } = given;
  const parameters = Object.fromEntries(
    tensors.map(({ p }, index) => [`tensor${index}`, { data: makeTensor(p), shape: shapeOf(p) }]),
  );
  const numbers = plan.hypers.flatMap(({ name, default: value }) =>
    value === null ? [] : [[name, value] as const],
  );
  const hypers = { ...Object.fromEntries(numbers), ...given.hypers };
  const optimizer = new Optimizer(device, parameters, { ...given.hypers, seed });
  try {
    const start = await imagesOf(optimizer);
    const steps: Step[] = [];
    for (let t = 1; t <= given.steps; t++) {
      const gradients = gradientsOf(given, t);
      optimizer.step(
        Object.fromEntries(start.map(({ name }, index) => [name, gradients[index] as Float32Array])),
      );
      steps.push({ settings: { hypers, t, seed }, gradients, images: await imagesOf(optimizer) });
    }
    return { start, steps };
  } finally {
    optimizer.dispose();
  }
}

export function gradientsOf({ tensors }: Case, t: number): Float32Array[] {
  return tensors.map(({ p, gradients }) => {
    const contents = gradients[(t - 1) % gradients.length] as (typeof gradients)[number];
    return makeTensor({ ...p, ...contents });
  });
}

/** All tensors as they are on the device now. */
async function imagesOf(optimizer: LowbitOptimizer<string>): Promise<TensorImage[]> {
  const names = Object.keys(optimizer.params);
  const [parameters, ...states] = await Promise.all([
    optimizer.readParams(),
    ...names.map((name) => optimizer.state(name)),
  ]);
  return names.map((name, index) => {
    const p = parameters[name] as Float32Array;
    const { shape } = optimizer.params[name] as { readonly shape: readonly number[] };
    return { name, shape, length: p.length, id: tensorId(name), arrays: { p, ...states[index] } };
  });
}
