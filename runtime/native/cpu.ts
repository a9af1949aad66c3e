declare const kind: unique symbol;
interface Handle<Kind extends string> {
  readonly [kind]: Kind;
}

/** A loaded library of compiled kernels. */
export type NativeLibrary = Handle<"library">;
export type NativeKernel = Handle<"kernel">;
/** Threads, freed with the last reference to it. */
export type NativePool = Handle<"pool">;

/** What src/cpu.cc exports. It checks nothing: runtime/cpu does. */
export interface NativeCpu {
  /** Threads that the machine runs at once. */
  readonly hardwareThreads: number;
  /** Of the libraries that this processor runs, the best first. */
  readonly instructionSets: readonly string[];
  /** Where the elements of an array begin, for as long as it is not detached. */
  addressOf(array: Float32Array | Uint32Array | Uint16Array): bigint;
  /** Asks for large pages under an array that nothing was written to yet; where there are none, nothing happens. */
  adviseLargePages(array: Float32Array | Uint32Array | Uint16Array): void;
  /** @throws {Error} the loader's words */
  openLibrary(path: string): NativeLibrary;
  /** A text constant of a library; undefined where it has none of that name. */
  textOf(library: NativeLibrary, name: string): string | undefined;
  /** @throws {Error} the loader's words */
  findKernel(library: NativeLibrary, name: string): NativeKernel;
  createPool(threads: number): NativePool;
  /** Runs a kernel over all chunks, pairs of tensor and tile, on the threads of a pool. */
  run(
    pool: NativePool,
    kernel: NativeKernel,
    uniforms: Uint32Array,
    chunks: Uint32Array,
    tensors: BigUint64Array,
  ): void;
  /** Bytes to an array from another of the same length, on the threads of a pool. */
  copy(pool: NativePool, to: Float32Array, from: Float32Array): void;
}
