import { LowbitError } from "../errors.js";
import type {
  ContextHandle,
  EventHandle,
  GpuFacts,
  HostBytes,
  MemoryHandle,
  NativeCuda,
  NativeFailure,
  StreamHandle,
} from "../native/cuda.js";
import type { Failures } from "./failures.js";

/** Bytes: what the driver aligns allocations to, and what every array begins on a multiple of. */
export const ALIGNMENT = 256;

/** Bytes between host and device. */
export interface Transfer {
  readonly address: bigint;
  /** On the device: those behind the host's are padding. */
  readonly extent: number;
  readonly host: HostBytes;
}

/** Transfers as the driver takes them: a column of each, and one call for all. */
export class Transfers {
  readonly #addresses: BigUint64Array;
  readonly #extents: Float64Array;
  readonly hosts: HostBytes[] = [];

  /** @param most how many there may be */
  constructor(most: number) {
    this.#addresses = new BigUint64Array(most);
    this.#extents = new Float64Array(most);
  }

  static of(transfers: readonly Transfer[]): Transfers {
    const columns = new Transfers(transfers.length);
    for (const { address, extent, host } of transfers) columns.add(address, extent, host);
    return columns;
  }

  add(address: bigint, extent: number, host: HostBytes): void {
    const index = this.hosts.push(host) - 1;
    this.#addresses[index] = address;
    this.#extents[index] = extent;
  }

  get addresses(): BigUint64Array {
    return this.#addresses.subarray(0, this.hosts.length);
  }

  get extents(): Float64Array {
    return this.#extents.subarray(0, this.hosts.length);
  }
}

/** One GPU and the stream in which everything of a device runs in order. */
export class Gpu {
  readonly driver: NativeCuda;
  readonly context: ContextHandle;
  readonly stream: StreamHandle;
  readonly failures: Failures;
  readonly facts: GpuFacts;

  constructor(driver: NativeCuda, context: ContextHandle, stream: StreamHandle, failures: Failures) {
    this.driver = driver;
    this.context = context;
    this.stream = stream;
    this.failures = failures;
    this.facts = driver.describe(context);
  }

  /** Zeros, which stay until they are freed, collected or the device is disposed. */
  allocate(bytes: number, what: string): MemoryHandle {
    const { driver, context, stream } = this;
    return this.failures.guard(
      `allocating ${bytes} bytes for ${what}`,
      () => {
        const memory = driver.allocate(context, bytes);
        driver.fill(stream, driver.address(memory), bytes);
        return memory;
      },
      (failure) => this.#explainAllocation(bytes, what, failure),
    );
  }

  upload({ addresses, extents, hosts }: Transfers): void {
    if (hosts.length === 0) return;
    this.failures.guard("writing to it", () => this.driver.upload(this.stream, addresses, extents, hosts));
  }

  /** The values are those at the time of the call. */
  download(transfers: readonly Transfer[]): Promise<void> {
    const { addresses, extents, hosts } = Transfers.of(transfers);
    const work = this.failures.guard("reading from it", () =>
      this.driver.download(this.stream, addresses, extents, hosts),
    );
    return this.failures.settle("reading from it", work);
  }

  copy(to: bigint, from: bigint, bytes: number): void {
    this.failures.guard("copying on it", () => this.driver.copy(this.stream, to, from, bytes));
  }

  record(): EventHandle {
    return this.failures.guard("recording an event", () => this.driver.record(this.stream));
  }

  synchronize(): Promise<void> {
    const work = this.failures.guard("waiting for it", () => this.driver.synchronize(this.stream));
    return this.failures.settle("waiting for it", work);
  }

  #explainAllocation(bytes: number, what: string, failure: NativeFailure): LowbitError | undefined {
    if (failure.failure !== "CUDA_ERROR_OUT_OF_MEMORY") return undefined;
    const free = this.failures.guard("asking for its memory", () => this.driver.freeBytes(this.context));
    return new LowbitError(
      "out-of-memory",
      `the GPU has no ${bytes} bytes in one piece for ${what}: ${free} of its ${this.facts.bytes} are free. ` +
        "Free others first, or use states of fewer bits",
      { cause: failure },
    );
  }
}
