import type { WebGpuKernel } from "../../runtime/descriptor.js";

/** One thread owns four elements: a word of codes, two words of bfloat16. */
export function kernel(tensorFields: readonly string[], body: string): WebGpuKernel {
  const code = /* wgsl */ `
struct Uniforms { lr: f32, beta: f32, m_key0: u32, m_key1: u32 }
struct Tensor { length: u32, id: u32, ${tensorFields.map((field) => `${field}: u32`).join(", ")} }
@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> chunks: array<vec2u>;
@group(0) @binding(2) var<storage, read> tensors: array<Tensor>;
@group(0) @binding(3) var<storage, read_write> p: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;
@group(0) @binding(5) var<storage, read_write> state: array<u32>;
@group(0) @binding(6) var<storage, read> codebook: array<f32>;
@group(0) @binding(7) var<storage, read_write> next: array<atomic<u32>>;
${body.includes("momentum(") ? CODED : ""}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let index = group.y * groups.x + group.x;
  if (index >= arrayLength(&chunks)) { return; }
  let chunk = chunks[index];
  let tensor = tensors[chunk.x];
  let first = chunk.y * 256 + lane * 4;
  ${body}
}`;
  return { code, workgroupSize: 64, codebook: [1 / 32], tensorFields };
}

const CODED = /* wgsl */ `
fn momentum(tensor: Tensor, i: u32) -> f32 {
  let code = (state[tensor.m_codes + i / 4] >> ((i % 4) * 8)) & 255;
  let power = bitcast<f32>(state[tensor.m_scale] & 0x7f800000);
  return uniforms.beta * (f32(i32(code) - 64) * codebook[0] * power) + g[tensor.g + i];
}
fn noise(tensor: Tensor, i: u32) -> f32 {
  var x = (uniforms.m_key0 ^ (i * 0x9e3779b9)) + uniforms.m_key1 + tensor.id;
  x ^= x >> 16;
  x *= 0x7feb352d;
  x ^= x >> 15;
  return f32(x >> 24) * 0.00390625;
}`;

export const wgslKernels: Readonly<Record<string, WebGpuKernel>> = {
  measure: kernel(
    ["g", "m_codes", "m_scale", "m_next"],
    `for (var i = first; i < min(first + 4, tensor.length); i++) {
    atomicMax(&next[tensor.m_next], bitcast<u32>(abs(momentum(tensor, i))));
  }`,
  ),
  coded: kernel(
    ["p", "g", "m_codes", "m_scale", "m_next"],
    `let power = atomicLoad(&next[tensor.m_next]) & 0x7f800000;
  let inverse = select(bitcast<f32>((254u << 23) - power), 0, power == 0);
  var word = 0u;
  for (var i = first; i < min(first + 4, tensor.length); i++) {
    let m = momentum(tensor, i);
    p[tensor.p + i] -= uniforms.lr * m;
    let level = floor(m * inverse * 32 + noise(tensor, i));
    word |= u32(i32(level) + 64) << ((i % 4) * 8);
  }
  if (first < tensor.length) { state[tensor.m_codes + first / 4] = word; }`,
  ),
  half: kernel(
    ["p", "g", "m"],
    `for (var i = first; i < min(first + 4, tensor.length); i += 2) {
    let old = state[tensor.m + i / 2];
    var word = 0u;
    for (var j = i; j < min(i + 2, tensor.length); j++) {
      let shift = (j % 2) * 16;
      let m = uniforms.beta * bitcast<f32>(((old >> shift) & 0xffff) << 16) + g[tensor.g + j];
      p[tensor.p + j] -= uniforms.lr * m;
      word |= (bitcast<u32>(m) >> 16) << shift;
    }
    state[tensor.m + i / 2] = word;
  }`,
  ),
  full: kernel(
    ["p", "g", "m"],
    `for (var i = first; i < min(first + 4, tensor.length); i++) {
    let m = uniforms.beta * bitcast<f32>(state[tensor.m + i]) + g[tensor.g + i];
    state[tensor.m + i] = bitcast<u32>(m);
    p[tensor.p + i] -= uniforms.lr * m;
  }`,
  ),
};
