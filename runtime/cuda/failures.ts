/** Says in a sentence what the driver's errors mean, and remembers when a device is lost. */
import { LowbitError } from "../errors.js";
import type { NativeFailure } from "../native/cuda.js";

/** After these the context is of no use any more. */
const fatal = new Set([
  "CUDA_ERROR_ECC_UNCORRECTABLE",
  "CUDA_ERROR_NVLINK_UNCORRECTABLE",
  "CUDA_ERROR_ILLEGAL_ADDRESS",
  "CUDA_ERROR_LAUNCH_TIMEOUT",
  "CUDA_ERROR_CONTEXT_IS_DESTROYED",
  "CUDA_ERROR_ASSERT",
  "CUDA_ERROR_HARDWARE_STACK_ERROR",
  "CUDA_ERROR_ILLEGAL_INSTRUCTION",
  "CUDA_ERROR_MISALIGNED_ADDRESS",
  "CUDA_ERROR_INVALID_ADDRESS_SPACE",
  "CUDA_ERROR_INVALID_PC",
  "CUDA_ERROR_LAUNCH_FAILED",
  "CUDA_ERROR_EXTERNAL_DEVICE",
  "CUDA_ERROR_DEVICE_UNAVAILABLE",
  "CUDA_ERROR_CONTAINED",
  "CUDA_ERROR_TENSOR_MEMORY_LEAK",
]);

export class Failures {
  #lost: LowbitError | null = null;

  /** @throws {LowbitError} `device-lost`, at every call once it was */
  throwIfLost(): void {
    if (this.#lost !== null) throw this.#lost;
  }

  /**
   * Runs calls into the driver.
   *
   * @param activity for the message: "reading 3 arrays"
   * @param explain of what the caller knows more about; undefined for anything else
   */
  guard<T>(
    activity: string,
    calls: () => T,
    explain?: (failure: NativeFailure) => LowbitError | undefined,
  ): T {
    this.throwIfLost();
    try {
      return calls();
    } catch (error) {
      throw this.#explain(activity, error, explain);
    }
  }

  async settle<T>(activity: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#explain(activity, error);
    }
  }

  #explain(
    activity: string,
    error: unknown,
    explain?: (failure: NativeFailure) => LowbitError | undefined,
  ): unknown {
    if (!isFailure(error)) return error;
    if (this.#lost !== null) return this.#lost;
    if (fatal.has(error.failure)) {
      this.#lost = new LowbitError(
        "device-lost",
        `the GPU was lost ${activity}: ${spell(error)}. What is on it is gone and the device is of no use any more: ` +
          "open another in a new process and resume from a checkpoint",
        { cause: error },
      );
      return this.#lost;
    }
    return explain?.(error) ?? plainly(activity, error);
  }
}

export function isFailure(error: unknown): error is NativeFailure {
  return error instanceof Error && typeof (error as Partial<NativeFailure>).failure === "string";
}

/** `CUDA_ERROR_NOT_READY (device not ready) from cuStreamSynchronize` */
export function spell({ failure, detail, subject }: NativeFailure): string {
  return `${failure}${detail === "" ? "" : ` (${detail})`} from ${subject}`;
}

/** 12080 as "12.8". */
export function spellVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

function plainly(activity: string, error: NativeFailure): LowbitError {
  const options = { cause: error };
  if (error.failure === "freed")
    return new LowbitError("disposed", `memory of the GPU was used after it was freed, ${activity}`, options);
  if (error.failure === "CUDA_ERROR_OUT_OF_MEMORY")
    return new LowbitError(
      "out-of-memory",
      `the GPU ran out of memory ${activity}: ${spell(error)}`,
      options,
    );
  return new LowbitError("device-failed", `the CUDA driver failed ${activity}: ${spell(error)}`, options);
}
