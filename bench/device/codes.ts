/** Kernels that encode gradients, and the codes that they find. */
import type { CudaArray, CudaDevice, Device, HostData, ParameterInput } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import type { Dtype } from "../../generator/lower/plan.js";
import { bytesOf, compileOn, parameterOf } from "./check.js";
import { BLOCK, type Blocks, type Slice } from "./floats.js";
import { type EncodedState, specOf } from "./tables.js";

const dtypes = ["f32", "bf16"] as const;

export interface Subject {
  readonly state: EncodedState;
  /** Of the parameter. */
  readonly dtype: (typeof dtypes)[number];
  readonly Optimizer: OptimizerClass;
  /** That were held to what they should be. */
  floats: number;
  wrong: string | null;
}

export function textOf({ state, dtype, floats }: Subject): string {
  return `${JSON.stringify(state)}, p of ${dtype}: codes of ${floats} floats`;
}

/** Compiled for some devices beside `typescript`, with parameters of each dtype. */
export function subjectsOf(
  states: readonly EncodedState[],
  devices: readonly Device[],
): Promise<readonly Subject[]> {
  return Promise.all(
    dtypes.flatMap((dtype) =>
      states.map(async (state) => ({
        state,
        dtype,
        Optimizer: await compileOn(devices, specOf(state, dtype)),
        floats: 0,
        wrong: null,
      })),
    ),
  );
}

/** Codes that a subject should find of a slice of blocks, of which `gradients` are twice the floats. */
export type Expect = (subject: Subject, slice: Slice, gradients: Uint32Array) => Promise<Buffer>;

/** Memory of a GPU and of the host that all codes are found in: to make it anew takes longer than to encode. */
export class Encoding {
  readonly #device: CudaDevice;
  readonly #length: number;
  readonly #gradients: Uint32Array<ArrayBuffer>;
  readonly #g: CudaArray;
  /** Whatever they were updated to: codes don't depend on them. */
  readonly #parameters: Readonly<Record<Subject["dtype"], CudaArray>>;

  /** @param length elements at once, at most */
  constructor(device: CudaDevice, length: number) {
    const [g, f32, bf16] = device.createArrays([
      { role: "g", type: "f32", length, tensor: "w" },
      ...dtypes.map((type) => ({ role: "p", type, length, tensor: type }) as const),
    ]) as [CudaArray, CudaArray, CudaArray];
    this.#device = device;
    this.#length = length;
    this.#gradients = new Uint32Array(length);
    this.#g = g;
    this.#parameters = { f32, bf16 };
  }

  /** Holds the codes of all floats of some blocks to what they should be. */
  async hold(subjects: readonly Subject[], blocks: Blocks, expect: Expect): Promise<void> {
    for (const slice of blocks.slices(Math.floor(this.#length / BLOCK))) {
      // All subjects by the same gradients, which take longer to make than to encode.
      const gradients = blocks.layout.neighbours(slice.firsts, this.#gradients);
      this.#g.write(floatsOf(gradients));
      for (const subject of subjects) {
        if (subject.wrong !== null) continue;
        const expected = await expect(subject, slice, gradients);
        subject.wrong = difference(await this.#encode(subject, gradients.length), expected, slice.firsts);
      }
    }
    for (const subject of subjects) subject.floats += blocks.floats;
  }

  #encode({ Optimizer, dtype }: Subject, length: number): Promise<Buffer> {
    const read = (): Promise<never> => Promise.reject(new Error("nobody reads it"));
    const array = this.#device.wrap(this.#parameters[dtype].pointer, dtype, length);
    const p = { array, shape: [length], length, dtype, read };
    return codesOf(this.#device, Optimizer, p, this.#device.wrap(this.#g.pointer, "f32", length));
  }

  release(): void {
    for (const array of [this.#g, ...Object.values(this.#parameters)]) array.release();
  }
}

/**
 * Codes of the halves of gradients, in whole blocks, on any device.
 *
 * @param p parameters, as many
 */
export function encodeOn(
  device: Device,
  { Optimizer, dtype }: Subject,
  gradients: Uint32Array,
  p: HostData = zeros(dtype, gradients.length),
): Promise<Buffer> {
  return codesOf(device, Optimizer, parameterOf(p, [p.length], dtype), floatsOf(gradients));
}

export function zeros(dtype: Dtype, length: number): HostData {
  return dtype === "f32" ? new Float32Array(length) : new Uint16Array(length);
}

async function codesOf(
  device: Device,
  Optimizer: OptimizerClass,
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

function floatsOf({ buffer, byteOffset, length }: Uint32Array): Float32Array {
  return new Float32Array(buffer as ArrayBuffer, byteOffset, length);
}

/** In which block, and at which of its bytes, codes are first not those that were expected. */
export function difference(found: Buffer, expected: Buffer, firsts: readonly number[]): string | null {
  if (found.equals(expected)) return null;
  const bytes = expected.length / firsts.length;
  const place = expected.findIndex((byte, i) => byte !== found[i]);
  const hex = (value: number | undefined): string => `0x${(value ?? 0).toString(16)}`;
  return (
    `byte ${place % bytes} of the codes of the block that begins with the float of bits ` +
    `${hex(firsts[Math.floor(place / bytes)])} is ${hex(found[place])} where ${hex(expected[place])} should be`
  );
}
