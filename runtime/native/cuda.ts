/** What src/cuda/ exports: NVIDIA's driver, one call a function. A failure is thrown as a `NativeFailure`. */

declare const kind: unique symbol;

/** Freed when JavaScript collects it, when `free` is called or with its context. */
export interface Handle<Kind extends string> {
  readonly [kind]: Kind;
}

export type ContextHandle = Handle<"context">;
export type MemoryHandle = Handle<"memory">;
export type ModuleHandle = Handle<"module">;
export type KernelHandle = Handle<"kernel">;
export type StreamHandle = Handle<"stream">;
export type EventHandle = Handle<"event">;
export type GraphHandle = Handle<"graph">;

/** Fields of the Error that a call throws. */
export interface NativeFailure extends Error {
  /** `no-library`, `no-symbol`, `no-ordinal`, `no-fatbin`, `freed`, or the driver's name: `CUDA_ERROR_OUT_OF_MEMORY`. */
  readonly failure: string;
  /** The library, the symbol, the number of GPUs or the driver's function. */
  readonly subject: string;
  readonly detail: string;
  /** 1000 * major + 10 * minor of the CUDA version that the driver supports; 0 where it is not known. */
  readonly version: number;
}

export interface GpuFacts {
  readonly name: string;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly multiprocessors: number;
  readonly bytes: number;
  readonly driverVersion: number;
}

export interface KernelFacts {
  /** Of each thread. */
  readonly registers: number;
  /** Of each block, static. */
  readonly sharedBytes: number;
  /** Of each thread: what did not fit its registers. */
  readonly localBytes: number;
  readonly maxThreads: number;
  /** Blocks of the asked number of threads that a multiprocessor runs at once. */
  readonly blocksPerMultiprocessor: number;
}

export interface PointerFacts {
  /** Whether it is memory of a GPU, and not of the host or managed. */
  readonly isDevice: boolean;
  /** Whether of this context's GPU. */
  readonly isHere: boolean;
  readonly ordinal: number;
  /** From the pointer to the end of its allocation. */
  readonly bytesBehind: number;
}

/** A typed array, which is read or written as bytes. */
export type HostBytes = Float32Array | Uint32Array | Uint16Array | Uint8Array;

export interface NativeCuda {
  /** @param library of the driver: a path, or a name that the loader finds */
  open(library: string, ordinal: number): ContextHandle;
  describe(context: ContextHandle): GpuFacts;
  /** Waits for work of other threads, then frees everything. */
  close(context: ContextHandle): void;
  freeBytes(context: ContextHandle): number;
  allocate(context: ContextHandle, bytes: number): MemoryHandle;
  address(memory: MemoryHandle): bigint;
  free(resource: Handle<string>): void;
  /** Fails with CUDA_ERROR_INVALID_VALUE where the driver does not know the pointer. */
  describePointer(context: ContextHandle, pointer: bigint): PointerFacts;
  loadModule(context: ContextHandle, fatbin: Uint8Array): ModuleHandle;
  findKernel(module: ModuleHandle, name: string): KernelHandle;
  describeKernel(kernel: KernelHandle, threads: number): KernelFacts;

  /** @param borrowed a CUstream of the caller's; without it, a stream of its own that waits for no other */
  createStream(context: ContextHandle, borrowed?: bigint): StreamHandle;
  /** Zeros. */
  fill(stream: StreamHandle, address: bigint, bytes: number): void;
  copy(stream: StreamHandle, to: bigint, from: bigint, bytes: number): void;
  /** @param values one an argument, each in the lowest bytes of its word */
  launch(
    stream: StreamHandle,
    kernel: KernelHandle,
    blocks: number,
    threads: number,
    values: BigUint64Array,
  ): void;
  beginCapture(stream: StreamHandle): void;
  endCapture(stream: StreamHandle): GraphHandle;
  replay(stream: StreamHandle, graph: GraphHandle): void;
  record(stream: StreamHandle): EventHandle;
  /** What is enqueued from now on runs after what the event's stream had before it. */
  follow(stream: StreamHandle, event: EventHandle): void;
  /** Milliseconds between two events; waits for the second. */
  elapsed(start: EventHandle, end: EventHandle): number;

  /**
   * Copies `arrays[i]` to `addresses[i]`, followed by zeros up to `extents[i]` bytes. The arrays may be changed when the
   * call returns.
   */
  upload(
    stream: StreamHandle,
    addresses: BigUint64Array,
    extents: Float64Array,
    arrays: readonly HostBytes[],
  ): void;
  /** The other way; the values are those at the time of the call. Arrays may be smaller than their extents. */
  download(
    stream: StreamHandle,
    addresses: BigUint64Array,
    extents: Float64Array,
    arrays: readonly HostBytes[],
  ): Promise<void>;
  /** Resolves once what was enqueued so far has run. */
  synchronize(stream: StreamHandle): Promise<void>;
}
