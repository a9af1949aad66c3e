/**
 * The encoder of every table of the shipped specs, by the kernels of a GPU: the code of each float32 that a number divided by its
 * block's greatest can be, held to where codes change on the typescript device.
 */
import {
  type CudaArray,
  type CudaDevice,
  type Device,
  openDevice,
  type ParameterInput,
} from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import type { Dtype } from "../../generator/lower/plan.js";
import { bytesOf, type Check, compilePlan, parameterOf, valuesOf } from "./check.js";
import { BLOCK, Blocks, doubledBlocks, ranges } from "./floats.js";
import { difference, type Encode, Steps } from "./steps.js";
import { specOf, tablesOf } from "./tables.js";

/** Elements of a launch, at most. */
const SLICE = 2 ** 28;

interface Subject {
  readonly table: string;
  readonly dtype: Dtype;
  readonly Optimizer: OptimizerClass;
  wrong: string | null;
}

/**
 * @param elements that the floats of a range may take; with 2^31 none is left out
 * @param bits of the tables; null for all of them
 */
export async function* checkEncoders(
  device: CudaDevice,
  elements: number,
  bits: number | null,
): AsyncGenerator<Check> {
  const states = tablesOf(bits);
  const subjects: Subject[] = await Promise.all(
    (["f32", "bf16"] as const).flatMap((dtype) =>
      states.map(async (state) => ({
        table: `${JSON.stringify(state)}, p of ${dtype}`,
        dtype,
        Optimizer: await compilePlan(device, specOf(state, dtype)),
        wrong: null,
      })),
    ),
  );
  let floats = 0;
  for (const range of ranges) {
    const blocks = new Blocks(range, elements);
    floats += blocks.floats;
    await sweep(device, subjects, blocks);
  }
  for (const { table, wrong } of subjects) yield { what: `${table}: codes of ${floats} floats`, wrong };
}

/** All subjects by the same gradients, which take longer to make than to encode. */
async function sweep(device: CudaDevice, subjects: readonly Subject[], blocks: Blocks): Promise<void> {
  const reference = await openDevice("typescript");
  // Two launches at least, so that few elements, too, try what follows the first.
  const most = Math.min(Math.ceil(blocks.count / 2), SLICE / BLOCK);
  const arrays = new Arrays(device, most * BLOCK);
  const doubled = new Uint32Array(most * BLOCK);
  try {
    const steps = new Map<Subject, Steps>();
    for (let from = 0; from < blocks.count; from += most) {
      const count = Math.min(most, blocks.count - from);
      const firsts = Array.from({ length: count }, (_, i) => blocks.first(from + i));
      arrays.g.write(new Float32Array(doubledBlocks(firsts, doubled).buffer));
      for (const subject of subjects) {
        const encode: Encode = (bits) => encodeOn(reference, subject, bits);
        if (!steps.has(subject)) {
          const found = await Steps.find(blocks.range, encode);
          steps.set(subject, found);
          const near = found.around(blocks.range);
          const bits = doubledBlocks(near);
          subject.wrong ??= difference(await encodeOn(device, subject, bits), await encode(bits), near);
        }
        if (subject.wrong !== null) continue;
        const { p, g } = arrays.of(subject.dtype, count * BLOCK);
        const expected = await steps.get(subject)!.expected(blocks, from, count, encode);
        subject.wrong = difference(await codesOf(device, subject, p, g), expected, firsts);
      }
    }
  } finally {
    arrays.release();
  }
}

/** Gradients, and parameters that are zero, on the GPU. */
class Arrays {
  readonly g: CudaArray;
  readonly #device: CudaDevice;
  readonly #zeros: CudaArray;
  readonly #p: CudaArray;

  constructor(device: CudaDevice, length: number) {
    const requests = ["g", "zeros", "p"].map(
      (tensor) => ({ role: "g", type: "f32", length, tensor }) as const,
    );
    const [g, zeros, p] = device.createArrays(requests) as CudaArray[];
    this.#device = device;
    this.g = g!;
    this.#zeros = zeros!;
    this.#p = p!;
  }

  of(dtype: Dtype, length: number): { readonly p: ParameterInput; readonly g: CudaArray } {
    this.#p.copyFrom(this.#zeros);
    const read = (): Promise<never> => Promise.reject(new Error("nobody reads it"));
    const array = this.#device.wrap(this.#p.pointer, dtype, length);
    return {
      p: { array, shape: [length], length, dtype, read },
      g: this.#device.wrap(this.g.pointer, "f32", length),
    };
  }

  release(): void {
    for (const array of [this.g, this.#zeros, this.#p]) array.release();
  }
}

/** Codes of the halves of some floats, in whole blocks. */
function encodeOn(device: Device, subject: Subject, doubled: Uint32Array): Promise<Buffer> {
  const zeros = valuesOf(new Float32Array(doubled.length), subject.dtype);
  const p = parameterOf(zeros, [doubled.length], subject.dtype);
  return codesOf(device, subject, p, new Float32Array(doubled.buffer));
}

async function codesOf(
  device: Device,
  { Optimizer }: Subject,
  p: ParameterInput,
  g: Float32Array | CudaArray,
): Promise<Buffer> {
  const optimizer = new Optimizer(device, { w: p });
  try {
    optimizer.step({ w: g });
    return bytesOf((await optimizer.state("w")).s_codes!);
  } finally {
    optimizer.dispose();
  }
}
