/** Kernels that encode gradients, and the codes that they find. */
import type { CudaArray, CudaDevice, Device, HostData, ParameterInput } from "lowbit-gen/runtime";
import type { OptimizerClass } from "../../generator/cli/instantiate.js";
import type { Dtype } from "../../generator/lower/plan.js";
import { bytesOf, compileText, parameterOf } from "./check.js";
import { type EncodedState, specOf } from "./tables.js";

const dtypes = ["f32", "bf16"] as const;

export interface Subject {
  readonly state: EncodedState;
  /** Of the parameter. */
  readonly dtype: Dtype;
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
  ...devices: readonly Device[]
): Promise<readonly Subject[]> {
  return Promise.all(
    dtypes.flatMap((dtype) =>
      states.map(async (state) => ({
        state,
        dtype,
        Optimizer: await compileText(specOf(state, dtype), ...devices),
        floats: 0,
        wrong: null,
      })),
    ),
  );
}

/** Gradients, and parameters that are zero, on a GPU. */
export class Arrays {
  readonly #device: CudaDevice;
  readonly #g: CudaArray;
  readonly #zeros: CudaArray;
  readonly #p: CudaArray;

  /** @param length elements at most */
  constructor(device: CudaDevice, length: number) {
    const requests = ["g", "zeros", "p"].map(
      (tensor) => ({ role: "g", type: "f32", length, tensor }) as const,
    );
    const [g, zeros, p] = device.createArrays(requests) as CudaArray[];
    this.#device = device;
    this.#g = g!;
    this.#zeros = zeros!;
    this.#p = p!;
  }

  /** Gradients of which `encode` then finds the codes. */
  write(gradients: Uint32Array): void {
    this.#g.write(floatsOf(gradients));
  }

  /** Codes of the halves of the first of the gradients, in whole blocks. */
  encode({ Optimizer, dtype }: Subject, length: number): Promise<Buffer> {
    this.#p.copyFrom(this.#zeros);
    const read = (): Promise<never> => Promise.reject(new Error("nobody reads it"));
    const array = this.#device.wrap(this.#p.pointer, dtype, length);
    const p = { array, shape: [length], length, dtype, read };
    return codesOf(this.#device, Optimizer, p, this.#device.wrap(this.#g.pointer, "f32", length));
  }

  release(): void {
    for (const array of [this.#g, this.#zeros, this.#p]) array.release();
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
