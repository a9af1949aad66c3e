/** What a generated package tells the runtime about itself: data and pure functions, no device code. */

/** How parameters and gradients are stored. */
export type Dtype = "f32" | "bf16" | "f16";

/** Of an array: 32 bits an element, or 16. */
export type TypeName = Dtype | "u32";

/** How one state of one variant is stored for a tensor of n elements. Arrays begin as zeros; bits behind the last element stay zero. */
export type StateStorage =
  /** `<state>`: f32, one value for each of its shape */
  | { readonly kind: "f32"; readonly shape: Shape }
  /** `<state>`: u32[ceil(n / 2)], two bfloat16 a word, the earlier element in the low half */
  | { readonly kind: "bf16"; readonly shape: Shape }
  /** `<state>`: u32[ceil(n * bits / 32)], LSB first: the second part of a parameter in two parts */
  | { readonly kind: "bits"; readonly bits: 8 | 16 }
  /**
   * `<state>_codes`: u32[ceil(n * bits / 32)], LSB first; `<state>_scale`: f32, one for each run of so many elements,
   * tensor, row or column, or one for each index of each dimension; where scales are float16 or bfloat16, u32, two a
   * word, the earlier run's in the low half; `<state>_alpha`, f32 and one a run, where a mapping has levels of each run's
   * own
   */
  | {
      readonly kind: "codes";
      readonly bits: number;
      readonly run: number | "tensor" | "row" | "col" | "rank1";
      readonly scale: "f32" | "f16" | "bf16";
      readonly alpha?: boolean;
    };

/**
 * What a value belongs to. A tensor of shape [..., R, C] is seen as [batch, R, C], one of n elements alone as [1, n, 1]:
 * a row value is one of batch * R, a column value of batch * C, a matrix value of batch.
 */
export type Shape = "element" | "row" | "col" | "matrix" | "tensor";

/**
 * One value for each of so many neighbours of a shape; or, with `cut`, of each row, column or matrix one for every `cut`
 * of its elements along each axis that it extends over.
 */
export interface Extent {
  readonly shape: Shape;
  readonly per: number;
  readonly cut?: number;
}

export interface StateDescriptor {
  readonly name: string;
  readonly storage: StateStorage;
}

/** One launch over the whole parameter group. */
export interface PassDescriptor {
  /** Name of the kernel in every target's module, before the suffix of its dtypes. */
  readonly kernel: string;
  /** Arrays `<state>_next` (u32, one word a scale, bits of a float32 maximum) that are zeroed before this pass. */
  readonly clears: readonly string[];
  /** Arrays to copy after it: what passes left for the end of the step. */
  readonly publishes: readonly { readonly from: string; readonly to: string }[];
  /** What it computes one of at a time. */
  readonly over: Extent;
  /** Of those, what one workgroup owns; a chunk is one tile of one tensor. */
  readonly tile: number;
}

/** How a tensor's states are kept: all as specified, or some in 32 bits because the tensor is small. */
export interface VariantDescriptor {
  readonly name: string;
  /** A tensor takes the first variant of at most its number of elements and of dimensions. */
  readonly minSize: number;
  readonly minRank: number;
  /** f32 arrays that passes of a step leave for later ones. */
  readonly scratch: readonly { readonly name: string; readonly extent: Extent }[];
  readonly states: readonly StateDescriptor[];
  readonly passes: readonly PassDescriptor[];
}

/** Dtypes of a parameter and its gradient that there are kernels for. */
export interface DtypeDescriptor {
  readonly param: Dtype;
  readonly grad: Dtype;
  /** Of the kernels' names. */
  readonly suffix: string;
}

export interface HyperDescriptor {
  readonly name: string;
  /** A number, or null for a schedule, which `uniforms` computes unless the caller gives a number. */
  readonly default: number | null;
}

/** Values computed once a step on the host in float64, rounded once to float32 by the device. */
export type UniformValues = Readonly<Record<string, number>>;

export interface OptimizerDescriptor {
  readonly name: string;
  /** SHA-256 of the resolved plan, hex. */
  readonly specHash: string;
  readonly layoutVersion: number;
  readonly hypers: readonly HyperDescriptor[];
  /** Names, in the order of the uniform buffer. */
  readonly uniforms: readonly string[];
  /** Hypers (schedules resolved where the value is null) and step (from 1) to uniform values. */
  readonly computeUniforms: (
    hypers: Readonly<Record<string, number | null>>,
    t: number,
  ) => Record<string, number>;
  /** One pair of u32 keys a stochastically rounded state, after the uniforms: `<state>_key0`, `<state>_key1`. */
  readonly streams: readonly { readonly state: string; readonly index: number }[];
  readonly dtypes: readonly DtypeDescriptor[];
  /** Bits of the state `p_correction` that a parameter of 16 bits has beside it; 0 where it has none. */
  readonly correctionBits: 0 | 8 | 16;
  readonly variants: readonly VariantDescriptor[];
  readonly modules: KernelModules;
}

/** Every target's code, keyed by device API; a package built for some targets holds those. */
export interface KernelModules {
  readonly typescript?: TypeScriptModule;
  readonly webgpu?: WebGpuModule;
  readonly cpu?: CpuModule;
  readonly cuda?: CudaModule;
}

/**
 * Arrays of one tensor by name: p and g (a Uint16Array where they have 16 bits), `<state>`, `<state>_codes`,
 * `<state>_scale`, `<state>_alpha`, `<state>_next`.
 */
export type TensorArrays = Readonly<Record<string, Float32Array | Uint32Array | Uint16Array>>;

export interface KernelTensor {
  readonly length: number;
  /** Of each of its matrices. */
  readonly rows: number;
  readonly cols: number;
  readonly shape: readonly number[];
  /** Names the tensor to the random generator. */
  readonly id: number;
  readonly arrays: TensorArrays;
}

export type HostKernel = (tensor: KernelTensor, uniforms: UniformValues) => void;

export interface TypeScriptModule {
  readonly kernels: Readonly<Record<string, HostKernel>>;
}

/** Each kernel is a whole WGSL module with the entry point `main`; `runtime/webgpu/pipelines.ts` lists its bindings. */
export interface WebGpuModule {
  readonly kernels: Readonly<Record<string, WebGpuKernel>>;
}

export interface WebGpuKernel {
  readonly code: string;
  readonly workgroupSize: number;
  /** f32 constants in the order the kernel indexes them. */
  readonly codebook: readonly number[];
  /**
   * Fields of the WGSL struct `Tensor` after `length` and `id`: `rows`, `cols`, `rank`, `size0`..., and the word offsets
   * of arrays in their arenas.
   */
  readonly tensorFields: readonly string[];
}

export interface CpuModule {
  readonly kernels: Readonly<Record<string, CpuKernel>>;
}

export interface CpuKernel {
  /** URL of the module that names it: the compiled libraries lie beside that. */
  readonly module: string;
  /** Fields of the struct `<kernel>_tensor` without `length` and `id`: `rows`, `cols`, `rank`, `size0`..., then arrays. */
  readonly tensorFields: readonly string[];
}

/** Kernels are called as `kernel(uniforms, chunks, chunk_count, tensors)`, each on blocks of its own size. */
export interface CudaModule {
  readonly kernels: Readonly<Record<string, CudaKernel>>;
}

export interface CudaKernel {
  /** What nvcc compiled, the same for all kernels of a package: a fatbin beside its module, or the bytes of one. */
  readonly image: URL | Uint8Array;
  /** Of one block. */
  readonly threads: number;
  /**
   * Chunks that a block should work on, where there are so many for all blocks that run at once; left out where blocks ask for
   * one after the other, of which a pair behind the last chunk keeps count in its first word.
   */
  readonly share?: number;
  /** Elements of a chunk, a multiple of the pass's; left out where they are the pass's. */
  readonly tile?: number;
  /** Rows and columns of a chunk of matrices whose columns are a multiple of these; left out where all chunks are tiles. */
  readonly panel?: { readonly rows: number; readonly cols: number };
  /**
   * Fields of the struct `<kernel>_tensor` in order, each on a multiple of its own size: `length`, `rows`, `cols`, `rank`,
   * `size0`..., `panels` (side by side; 0 where chunks are tiles), `id`, and pointers to arrays by their names.
   */
  readonly tensor: readonly (readonly [field: string, type: CudaFieldType])[];
}

export type CudaFieldType = "u32" | "u64" | "pointer";

/** One state of one tensor as it is stored. */
export interface CodecArrays {
  /** u32[ceil(n * bits / 32)], LSB first. */
  readonly codes: Uint32Array;
  /** One a run, as `StateStorage` has `<state>_scale`: f32, or words of two 16-bit ones; empty for bfloat16 states. */
  readonly scales: Float32Array | Uint32Array;
  /** f32, one a run; of a log mapping only. */
  readonly alphas?: Float32Array;
}

/** What stochastic rounding draws from: `streamKey(seed, t, stream)` and the tensor's id. */
export interface StreamKeys {
  readonly key0: number;
  readonly key1: number;
  readonly id: number;
}

/**
 * How a state is stored: f32[n] to codes and scales, and back. The shape decides where a scale is a row's, a column's or
 * a dimension's; left out, the values have one dimension.
 */
export interface Codec {
  quantize(values: Float32Array, keys: StreamKeys, shape?: readonly number[]): CodecArrays;
  dequantize(arrays: CodecArrays, length: number, shape?: readonly number[]): Float32Array;
}
