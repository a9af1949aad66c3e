import { LowbitError } from "../errors.js";

const FILTERS = ["validation", "out-of-memory", "internal"] as const satisfies readonly GPUErrorFilter[];

/**
 * WebGPU reports errors later and elsewhere. This collects them: the first one is thrown at the next await or step,
 * and at every one after that, because what ran since cannot be trusted.
 */
export class Faults {
  readonly #gpu: GPUDevice;
  /** Reports are taken in the order of the calls, so that a cause comes before what follows from it. */
  #reports: Promise<void> = Promise.resolve();
  #first: LowbitError | null = null;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    gpu.lost.then(({ reason, message }) => {
      this.fail(new LowbitError("device-lost", `the WebGPU device was lost (${reason}): ${message}`));
    });
  }

  fail(error: LowbitError): void {
    this.#first ??= error;
  }

  throwFirst(): void {
    if (this.#first !== null) throw this.#first;
  }

  /**
   * Runs calls into WebGPU; what it reports about them becomes a fault, described by `explain`.
   *
   * @param activity for the message: "allocating 3 buffers"
   */
  guard<T>(activity: string, calls: () => T, explain: Explain = plainly): T {
    for (const filter of FILTERS) this.#gpu.pushErrorScope(filter);
    try {
      return calls();
    } finally {
      const reports = FILTERS.map(() => this.#gpu.popErrorScope());
      this.#reports = this.#reports
        .then(() => Promise.all(reports))
        .then(async (errors) => {
          const error = errors.find((report) => report !== null);
          if (error) this.fail(await explain(activity, error));
        })
        // Reports of a lost device may be rejected; the loss itself is a fault.
        .catch(() => {});
    }
  }

  /**
   * Awaits work and everything pending.
   *
   * @throws {LowbitError} the first fault, rather than what it made of `work`
   */
  async settle<T>(work: Promise<T>): Promise<T> {
    const [result] = await Promise.allSettled([work]);
    await this.#reports;
    this.throwFirst();
    if (result.status === "fulfilled") return result.value;
    const cause: unknown = result.reason;
    throw new LowbitError("device-failed", `the WebGPU device failed: ${String(cause)}`, { cause });
  }
}

export type Explain = (activity: string, error: GPUError) => LowbitError | Promise<LowbitError>;

export function plainly(activity: string, error: GPUError): LowbitError {
  const kind = error.constructor.name.replace(/^GPU|Error$/g, "");
  const outOfMemory = kind === "OutOfMemory";
  return new LowbitError(
    outOfMemory ? "out-of-memory" : "device-failed",
    outOfMemory
      ? `the WebGPU device ran out of memory ${activity}: ${error.message}`
      : `WebGPU ${kind.toLowerCase()} error ${activity}: ${error.message}`,
  );
}
