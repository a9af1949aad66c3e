/**
 * Tensors of more than 2^31 elements: each is a period of values over and over, so that a small tensor on the typescript
 * device says what every element of it must be.
 */
import { type CudaArray, type CudaDevice, type HostData, openDevice } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import type { Dtype } from "../../generator/lower/plan.js";
import { type Check, compileFor, parameterOf, spread, valuesOf } from "./check.js";
import { type Period, wrongPart } from "./periods.js";

const subjects = [
  ["adamw-8bit", "f32"],
  ["adamw-4bit-block", "bf16"],
] as const;

/** @param elements of the large tensor, 2^15 or more, and a little less than of several together */
export async function* checkLarge(device: CudaDevice, elements: number): AsyncGenerator<Check> {
  // Whole blocks, and no power of two: what is found 2^k elements away is something else.
  const period = 3 * 2 ** Math.max(11, Math.floor(Math.log2(elements)) - 13);
  const part = Math.floor(elements / 2.5);
  for (const [spec, dtype] of subjects) {
    const Optimizer = await compileFor(device, spec, dtype);
    for (const sizes of [[elements], [part + 1, part + 1000, part + 77_777]]) {
      const what = `${spec}, ${dtype}: every element and state of ${sizes.join(" + ")} elements`;
      yield { what, wrong: await runLarge(device, Optimizer, dtype, sizes, period) };
    }
  }
}

async function runLarge(
  device: CudaDevice,
  Optimizer: OptimizerClass,
  dtype: Dtype,
  sizes: readonly number[],
  period: number,
): Promise<string | null> {
  const p = valuesOf(spread(period, 0.1, 1), dtype);
  const g = valuesOf(spread(period, 0.01, 2), dtype);
  const requests = sizes.map((length, i) => ({ role: "p", type: dtype, length, tensor: `w${i}` }) as const);
  const arrays = device.createArrays(requests) as CudaArray[];
  const params = arrays.map((array, i) => {
    fill(device, array, p);
    const { length } = array;
    const read = (): Promise<never> => Promise.reject(new Error("larger than the host's memory may be"));
    return [`w${i}`, { array, shape: [length], length, dtype, read }] as const;
  });
  const optimizer = new Optimizer(device, Object.fromEntries(params));
  try {
    for (const array of Object.values(optimizer.grads)) fill(device, array as CudaArray, g);
    optimizer.step(optimizer.grads);
    optimizer.step(optimizer.grads, { lr: 0.01 });
    for (const [i, array] of arrays.entries()) {
      const times = Math.floor(array.length / period);
      const expected = await small(Optimizer, dtype, p, g, array.length % period);
      const shape = (name: string, length: number): Period => ({ times, length, expected: expected[name]! });
      const readPart = (from: number, count: number): Promise<HostData> =>
        slice(device, array, from, count).read();
      const wrong = await wrongPart(`p of w${i}`, shape("p", array.length), readPart);
      if (wrong !== null) return wrong;
      for (const [name, values] of Object.entries(await optimizer.state(`w${i}`))) {
        const cut = async (from: number, count: number): Promise<HostData> =>
          values.subarray(from, from + count);
        const found = await wrongPart(`${name} of w${i}`, shape(name, values.length), cut);
        if (found !== null) return found;
      }
    }
    return null;
  } finally {
    optimizer.dispose();
    for (const array of arrays) array.release();
  }
}

/** One period from the host; the others are copies on the GPU. */
function fill(device: CudaDevice, array: CudaArray, values: HostData): void {
  array.write(values);
  for (let done = values.length; done < array.length; done *= 2) {
    const count = Math.min(done, array.length - done);
    slice(device, array, done, count).copyFrom(slice(device, array, 0, count));
  }
}

function slice(
  device: CudaDevice,
  { pointer, type, bytes, length }: CudaArray,
  from: number,
  count: number,
): CudaArray {
  return device.wrap(pointer + BigInt(from * (bytes / length)), type, count);
}

/** p and the states of one period and `rest` elements of the next, after the same steps. */
async function small(
  Optimizer: OptimizerClass,
  dtype: Dtype,
  p: HostData,
  g: HostData,
  rest: number,
): Promise<Readonly<Record<string, HostData>>> {
  const device = await openDevice("typescript");
  const extended = (values: HostData): HostData => {
    const whole =
      values instanceof Float32Array
        ? new Float32Array(values.length + rest)
        : new Uint16Array(values.length + rest);
    whole.set(values);
    whole.set(values.subarray(0, rest), values.length);
    return whole;
  };
  const data = extended(p);
  const optimizer = new Optimizer(device, { w: parameterOf(data, [data.length], dtype) });
  optimizer.grads.w!.write(extended(g));
  optimizer.step(optimizer.grads);
  optimizer.step(optimizer.grads, { lr: 0.01 });
  const states = await optimizer.state("w");
  return { ...states, p: await optimizer.params.w!.array.read() };
}
