/**
 * SGD with momentum, written by hand as a generated package would be. All its products are by powers of two, so that
 * every device gives the same bits, fused or not.
 */
import type {
  HostKernel,
  OptimizerDescriptor,
  TensorArrays,
  UniformValues,
  WebGpuKernel,
} from "../../runtime/descriptor.js";
import { LowbitOptimizer } from "../../runtime/index.js";
import { wgslKernels } from "./momentum-wgsl.js";

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

function bitsOf(value: number): number {
  floats[0] = value;
  return words[0]!;
}

function fromBits(bits: number): number {
  words[0] = bits;
  return floats[0]!;
}

function decode(code: number, scale: number): number {
  return ((code - 64) / 32) * fromBits(bitsOf(scale) & 0x7f800000);
}

function noise(index: number, id: number, { m_key0, m_key1 }: UniformValues): number {
  let x = (m_key0! ^ Math.imul(index, 0x9e3779b9)) + m_key1! + id;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  return (x >>> 24) / 256;
}

function floatsNamed(arrays: TensorArrays, name: string): Float32Array {
  return arrays[name] as Float32Array;
}

function codedMomentum(arrays: TensorArrays, i: number, { beta }: UniformValues): number {
  const code = (arrays.m_codes![i >>> 2]! >>> ((i & 3) * 8)) & 255;
  return Math.fround(beta! * decode(code, arrays.m_scale![0]!) + arrays.g![i]!);
}

const measure: HostKernel = ({ length, arrays }, uniforms) => {
  const next = arrays.m_next!;
  for (let i = 0; i < length; i++)
    next[0] = Math.max(next[0]!, bitsOf(Math.abs(codedMomentum(arrays, i, uniforms))));
};

const coded: HostKernel = ({ length, id, arrays }, uniforms) => {
  const p = floatsNamed(arrays, "p");
  const codes = arrays.m_codes!;
  const power = arrays.m_next![0]! & 0x7f800000;
  const inverse = power === 0 ? 0 : fromBits((254 << 23) - power);
  for (let i = 0; i < length; i++) {
    const m = codedMomentum(arrays, i, uniforms);
    p[i] = p[i]! - uniforms.lr! * m;
    const level = Math.floor(Math.fround(m * inverse * 32 + noise(i, id, uniforms)));
    const shift = (i & 3) * 8;
    codes[i >>> 2] = (codes[i >>> 2]! & ~(255 << shift)) | ((level + 64) << shift);
  }
};

const half: HostKernel = ({ length, arrays }, { lr, beta }) => {
  const p = floatsNamed(arrays, "p");
  const m = arrays.m!;
  for (let i = 0; i < length; i++) {
    const shift = (i & 1) * 16;
    const word = m[i >>> 1]!;
    const old = fromBits(((word >>> shift) & 0xffff) << 16);
    const now = Math.fround(beta! * old + arrays.g![i]!);
    p[i] = p[i]! - lr! * now;
    m[i >>> 1] = (word & ~(0xffff << shift)) | ((bitsOf(now) >>> 16) << shift);
  }
};

const full: HostKernel = ({ length, arrays }, { lr, beta }) => {
  const p = floatsNamed(arrays, "p");
  const m = floatsNamed(arrays, "m");
  for (let i = 0; i < length; i++) {
    m[i] = beta! * m[i]! + arrays.g![i]!;
    p[i] = p[i]! - lr! * m[i]!;
  }
};

const tile = 256;

const elements = { shape: "element", per: 1 } as const;

export const momentum: OptimizerDescriptor & {
  readonly modules: { readonly webgpu: { readonly kernels: Readonly<Record<string, WebGpuKernel>> } };
} = {
  name: "momentum",
  specHash: "0123abcd",
  layoutVersion: 1,
  hypers: [
    { name: "lr", default: 0.25 },
    { name: "beta", default: null },
  ],
  uniforms: ["lr", "beta"],
  computeUniforms: ({ lr, beta }, t) => ({ lr: lr!, beta: beta ?? (t < 3 ? 0.25 : 0.5) }),
  streams: [{ state: "m", index: 0 }],
  dtypes: [{ param: "f32", grad: "f32", suffix: "" }],
  correctionBits: 0,
  variants: [
    {
      name: "coded",
      minSize: 64,
      minRank: 0,
      scratch: [],
      states: [{ name: "m", storage: { kind: "codes", bits: 8, run: "tensor", scale: "f32" } }],
      passes: [
        { kernel: "measure", clears: ["m_next"], publishes: [], over: elements, tile },
        { kernel: "coded", clears: [], publishes: [{ from: "m_next", to: "m_scale" }], over: elements, tile },
      ],
    },
    {
      name: "half",
      minSize: 16,
      minRank: 0,
      scratch: [],
      states: [{ name: "m", storage: { kind: "bf16", shape: "element" } }],
      passes: [{ kernel: "half", clears: [], publishes: [], over: elements, tile }],
    },
    {
      name: "full",
      minSize: 0,
      minRank: 0,
      scratch: [],
      states: [{ name: "m", storage: { kind: "f32", shape: "element" } }],
      passes: [{ kernel: "full", clears: [], publishes: [], over: elements, tile }],
    },
  ],
  modules: { typescript: { kernels: { measure, coded, half, full } }, webgpu: { kernels: wgslKernels } },
};

export class Momentum extends LowbitOptimizer<"lr" | "beta"> {}
