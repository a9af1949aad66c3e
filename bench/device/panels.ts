/**
 * A matrix of so many panels that a block of threads works on more than one, and begins the next one's rows with the last of this:
 * held to the typescript device in every bit.
 */
import { type CudaDevice, type Device, type HostData, openDevice } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import type { Dtype } from "../../generator/lower/plan.js";
import { type Check, compileFor, differences, parameterOf, spread, valuesOf } from "./check.js";

const subjects = [
  ["adamw-4bit", "bf16"],
  ["adamw-4bit", "f32"],
  ["factor-4bit", "bf16"],
] as const;

/** Elements of which a GPU of some 130 processors has two panels of 128 x 128 for each block it holds at once. */
const ENOUGH = 4200 * 4096;

/** @param elements what the matrix has at most, 2^15 or more */
export async function* checkPanels(device: CudaDevice, elements: number): AsyncGenerator<Check> {
  const cols = elements < ENOUGH ? 128 : 4096;
  const shape = [Math.floor(Math.min(elements, ENOUGH) / cols), cols] as const;
  for (const [spec, dtype] of subjects) {
    const Optimizer = await compileFor(device, spec, dtype);
    const expected = await afterSteps(Optimizer, await openDevice("typescript"), dtype, shape);
    yield {
      what: `${spec}, ${dtype}: every element and state of ${shape.join(" x ")} elements`,
      wrong: differences(await afterSteps(Optimizer, device, dtype, shape), expected),
    };
  }
}

async function afterSteps(
  Optimizer: OptimizerClass,
  device: Device,
  dtype: Dtype,
  shape: readonly [number, number],
): Promise<Readonly<Record<string, HostData>>> {
  const length = shape[0] * shape[1];
  const w = parameterOf(valuesOf(spread(length, 0.1, 1), dtype), shape, dtype);
  const optimizer = new Optimizer(device, { w });
  try {
    optimizer.grads.w!.write(valuesOf(spread(length, 0.01, 2), dtype));
    optimizer.step(optimizer.grads);
    optimizer.step(optimizer.grads, { lr: 0.01 });
    return { ...(await optimizer.state("w")), p: await optimizer.params.w!.array.read() };
  } finally {
    optimizer.dispose();
  }
}
