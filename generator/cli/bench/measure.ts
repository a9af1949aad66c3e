import { hostArray } from "../../../runtime/arrays.js";
import {
  CpuDevice,
  type Device,
  type OptimizerDescriptor,
  type ParameterInput,
} from "../../../runtime/index.js";
import type { Package } from "../../index.js";
import type { Dtype } from "../../lower/plan.js";
import type { OptimizerClass } from "../instantiate.js";
import type { Meter, Timed } from "./meter.js";
import { fillWithNoise } from "./noise.js";
import type { Tensor } from "./shapes.js";

export interface Subject {
  readonly compiled: Package;
  readonly Optimizer: OptimizerClass;
  readonly descriptor: OptimizerDescriptor;
}

export interface Turns {
  /** Steps that are measured, 1 or more. */
  readonly steps: number;
  /** Steps before them. */
  readonly warmup: number;
}

/** Milliseconds, turn by turn. */
export interface Samples {
  readonly steps: readonly number[];
  /** Of the copy before each step, which leaves no array of the optimizer in a cache. */
  readonly copies: readonly number[];
  /** Until the call of step returned. */
  readonly hosts: readonly number[];
  /** In how many of them the device waited for the host in the step, so that its time is partly the host's. */
  readonly late: number;
}

/**
 * Takes steps over some tensors. Parameters and gradients are normal numbers, states begin as zeros, and gradients are on
 * the device and the same at every step.
 */
export async function measureSteps(
  device: Device,
  meter: Meter,
  { compiled, Optimizer }: Subject,
  tensors: readonly Tensor[],
  { steps, warmup }: Turns,
  onTurn: () => void,
): Promise<Samples> {
  const { param, grad } = compiled.plan.dtypes[0]!;
  const params = tensors.map(
    ({ name, shape }, index) => [name, parameterOf(device, shape, index, param)] as const,
  );
  const optimizer = new Optimizer(device, Object.fromEntries(params), { grad });
  try {
    tensors.forEach(({ name }, index) => {
      const array = optimizer.grads[name]!;
      array.write(fillWithNoise(hostArray(grad, array.length), 1e-2, tensors.length + index, grad));
    });
    const step = (): void => optimizer.step(optimizer.grads);
    const turns: (readonly [copy: Timed, step: Timed])[] = [];
    for (let turn = 0; turn < warmup + steps; turn++) {
      const [copied, stepped] = await meter.time([() => meter.copy(), step]);
      onTurn();
      if (turn >= warmup) turns.push([copied!, stepped!]);
    }
    await device.synchronize();
    return {
      steps: turns.map(([, { milliseconds }]) => milliseconds),
      copies: turns.map(([{ milliseconds }]) => milliseconds),
      hosts: turns.map(([, { host }]) => host),
      late: turns.filter(([, { isLate }]) => isLate).length,
    };
  } finally {
    optimizer.dispose();
  }
}

function parameterOf(device: Device, shape: readonly number[], seed: number, dtype: Dtype): ParameterInput {
  const length = shape.reduce((product, size) => product * size, 1);
  // Where the README says that parameters are best on a processor.
  const zeros = device instanceof CpuDevice ? device.zeros(dtype, length) : hostArray(dtype, length);
  const data = fillWithNoise(zeros, 2e-2, seed, dtype);
  return dtype === "f32"
    ? { data: data as Float32Array, shape }
    : { data: data as Uint16Array, shape, dtype };
}
