/** Where arrays lie on a GPU: in arenas of this runtime's, or in memory that another library keeps. */
import { LowbitError } from "../errors.js";
import type { MemoryHandle } from "../native/cuda.js";
import type { Gpu } from "./gpu.js";

export interface Storage {
  /** How often an array in it was lent, taken back or freed: what was known of their addresses may not hold any more. */
  moves: number;
  /** Address of the first byte. */
  readonly base: bigint;
  /** Whether the bytes behind an array, up to the alignment, belong to nobody. */
  readonly isPadded: boolean;
  hold(): void;
  release(): void;
}

/** Where an array begins. Arrays that are lent share the place of the one they are lent from. */
export class Place {
  readonly storage: Storage;
  readonly #offset: number;
  #address: bigint | null = null;

  constructor(storage: Storage, offset: number) {
    this.storage = storage;
    this.#offset = offset;
  }

  get address(): bigint {
    this.#address ??= this.storage.base + BigInt(this.#offset);
    return this.#address;
  }
}

/** One allocation that holds arrays of one role; freed with its last holder. */
export class Arena implements Storage {
  readonly isPadded = true;
  moves = 0;
  readonly #gpu: Gpu;
  readonly #bytes: number;
  readonly #what: string;
  #memory: MemoryHandle | null = null;
  #base = 0n;
  #holders = 0;

  /** Takes its memory at the first need of its address. */
  constructor(gpu: Gpu, bytes: number, what: string) {
    this.#gpu = gpu;
    this.#bytes = bytes;
    this.#what = what;
  }

  get base(): bigint {
    if (this.#memory === null) {
      this.#memory = this.#gpu.allocate(this.#bytes, this.#what);
      this.#base = this.#gpu.driver.address(this.#memory);
    }
    return this.#base;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.free();
  }

  free(): void {
    if (this.#memory !== null) this.#gpu.driver.free(this.#memory);
    this.#memory = null;
  }
}

/** Memory that the caller keeps. */
export class Foreign implements Storage {
  readonly isPadded = false;
  moves = 0;
  readonly base: bigint;

  /**
   * @throws {LowbitError} `misaligned`, `foreign-memory`: what cannot be used, and why
   */
  constructor(gpu: Gpu, pointer: bigint, bytes: number) {
    this.base = pointer;
    if (bytes === 0) return;
    // The kernels access 16 bytes at once.
    if (pointer <= 0n || pointer % 16n !== 0n)
      throw new LowbitError(
        "misaligned",
        `the array at 0x${pointer.toString(16)} does not begin on a multiple of 16 bytes: copy it to where it does`,
      );
    const refuse = (reason: string): LowbitError =>
      new LowbitError("foreign-memory", `the pointer 0x${pointer.toString(16)} ${reason}`);
    const facts = gpu.failures.guard(
      "looking a pointer up",
      () => gpu.driver.describePointer(gpu.context, pointer),
      ({ failure }) =>
        failure === "CUDA_ERROR_INVALID_VALUE"
          ? refuse("is not known to the CUDA driver: pass an address of device memory")
          : undefined,
    );
    if (!facts.isDevice) throw refuse("is of host memory: pass an address of device memory");
    if (!facts.isHere) throw refuse(`is of GPU ${facts.ordinal}, and this device is another: copy it over`);
    if (facts.bytesBehind < bytes)
      throw refuse(`has ${facts.bytesBehind} bytes behind it, and the array needs ${bytes}`);
  }

  hold(): void {}

  release(): void {}
}

/** @throws {LowbitError} `not-contiguous` where strides are not those of a row-major tensor without gaps */
export function refuseStrides(shape: readonly number[], strides: readonly number[]): void {
  let expected = 1;
  const isDense = shape
    .map((size, i) => ({ size, stride: strides[i] }))
    .reverse()
    .every(({ size, stride }) => {
      const fits = size === 1 || stride === expected;
      expected *= size;
      return fits;
    });
  if (!isDense || strides.length !== shape.length)
    throw new LowbitError(
      "not-contiguous",
      `a tensor of shape [${shape.join(", ")}] has strides [${strides.join(", ")}]: make it contiguous in row-major order`,
    );
}
