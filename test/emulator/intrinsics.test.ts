import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Failures } from "../../runtime/cuda/failures.js";
import { Gpu } from "../../runtime/cuda/gpu.js";
import { loadAddon } from "../../runtime/native/addon.js";
import { canRun, FakeDriver } from "../native/support.js";
import { nvcc } from "./support.js";

const fake = new FakeDriver();
const threads = 64;

/** What each of 64 threads makes of its number: `expression` is of a thread and its lane. */
async function evaluate(expression: string): Promise<Uint32Array> {
  const source = join(fake.folder, "probe.cu");
  const image = join(fake.folder, "probe.fatbin");
  writeFileSync(
    source,
    `extern "C" __global__ void probe(const void*, const void*, uint32_t, uint32_t* out) {
  const uint32_t thread = threadIdx.x;
  const uint32_t lane = thread % 32;
  out[thread] = ${expression};
  (void)lane;
}
`,
  );
  execFileSync(nvcc, ["--fmad=false", "-o", image, source], { stdio: "pipe" });
  const { cuda } = loadAddon();
  const context = cuda.open(fake.library, 0);
  const gpu = new Gpu(cuda, context, cuda.createStream(context), new Failures());
  try {
    const kernel = cuda.findKernel(cuda.loadModule(context, readFileSync(image)), "probe");
    const memory = gpu.allocate(4 * threads, "results");
    const address = cuda.address(memory);
    // The driver logs the first uniforms.
    cuda.launch(gpu.stream, kernel, 1, threads, BigUint64Array.of(address, 0n, 0n, address));
    const host = new Uint32Array(threads);
    await gpu.download([{ address, extent: host.byteLength, host }]);
    return host;
  } finally {
    cuda.close(context);
  }
}

const each = (of: (thread: number, lane: number) => number): Uint32Array =>
  Uint32Array.from({ length: threads }, (_, thread) => of(thread, thread % 32));
const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const warp = (thread: number): number => thread - (thread % 32);

// Expected values by hand, from the CUDA C++ programming guide and the PTX manual.
describe.runIf(canRun)("an emulated thread computes", () => {
  test.each([
    ["__shfl_xor_sync(~0u, thread, 5)", each((t) => t ^ 5)],
    // Beyond its own segment a lane keeps its value, before it it reads.
    ["__shfl_xor_sync(~0u, thread, 8, 8)", each((t, l) => (l % 16 < 8 ? t : t ^ 8))],
    ["__shfl_down_sync(~0u, thread, 3)", each((t, l) => (l + 3 < 32 ? t + 3 : t))],
    ["__shfl_down_sync(~0u, thread, 3, 16)", each((t, l) => ((l % 16) + 3 < 16 ? t + 3 : t))],
    ["__shfl_up_sync(~0u, thread, 3)", each((t, l) => (l >= 3 ? t - 3 : t))],
    ["__shfl_up_sync(~0u, thread, 3, 8)", each((t, l) => (l % 8 >= 3 ? t - 3 : t))],
    ["__shfl_sync(~0u, thread, 9)", each((t) => warp(t) + 9)],
    ["__shfl_sync(~0u, thread, 9, 4)", each((t) => t - (t % 4) + 1)],
    ["uint32_t(__shfl_xor_sync(~0u, uint64_t{thread} << 32, 1) >> 32)", each((t) => t ^ 1)],
    ["lane < 16 ? __shfl_xor_sync(0xffffu, thread, 1) : 7u", each((t, l) => (l < 16 ? t ^ 1 : 7))],
    ["__ballot_sync(~0u, thread % 3 == 0)", each((t) => (warp(t) === 0 ? 0x49249249 : 0x92492492))],
    ["lane < 4 ? __ballot_sync(15u, lane % 2) : 0u", each((_, l) => (l < 4 ? 10 : 0))],
    ["uint32_t(__any_sync(~0u, thread == 40))", each((t) => (t < 32 ? 0 : 1))],
    ["uint32_t(__all_sync(~0u, thread < 40))", each((t) => (t < 32 ? 1 : 0))],
    ["__reduce_add_sync(~0u, lane)", each(() => 496)],
    ["__reduce_max_sync(~0u, thread)", each((t) => warp(t) + 31)],
    ["__reduce_min_sync(~0u, thread)", each((t) => warp(t))],
    ["__reduce_or_sync(~0u, 1u << lane / 4)", each(() => 255)],
    ["__reduce_and_sync(~0u, ~(1u << lane / 4))", each(() => 0xffffff00)],
    ["__reduce_xor_sync(~0u, lane < 3 ? lane : 0u)", each(() => 3)],
    ["__float2uint_rz(thread * 0.75f - 1.0f)", each((t) => Math.max(0, Math.trunc(t * 0.75 - 1)))],
    [
      "__float2uint_rz(thread == 0 ? 5e9f : thread == 1 ? -5e9f : 0.0f / 0.0f)",
      each((t) => (t ? 0 : 0xffffffff)),
    ],
    ["__float_as_uint(__ull2float_rn(16777217ull + 2 * thread))", each((t) => bitsOf(16777217 + 2 * t))],
    ["__float_as_uint(fmaxf(-0.0f, 0.0f)) | __float_as_uint(fmaxf(0.0f, -0.0f))", each(() => 0)],
    ["__float_as_uint(fminf(0.0f, -0.0f)) & __float_as_uint(fminf(-0.0f, 0.0f))", each(() => 0x80000000)],
    [
      "__float_as_uint(fmaxf(0.0f / 0.0f, thread)) - __float_as_uint(fminf(thread, 0.0f / 0.0f))",
      each(() => 0),
    ],
    ["__funnelshift_r(0x89abcdefu, 0x01234567u, 8)", each(() => 0x6789abcd)],
    ["__funnelshift_l(0x89abcdefu, 0x01234567u, 8)", each(() => 0x23456789)],
    ["__funnelshift_r(thread, 1u, 32)", each((t) => t)],
    ["__byte_perm(0x33221100u, 0x77665544u, 0x7250u)", each(() => 0x77225500)],
    ["__byte_perm(0x80u, 0u, 0x0008u) + __umulhi(1u << 31, 6u)", each(() => 0x808080ff + 3)],
    [
      "__brev(thread) >> 26",
      each((t) => Number.parseInt([...t.toString(2).padStart(6, "0")].reverse().join(""), 2)),
    ],
    [
      "uint32_t(__clz(thread)) + uint32_t(__popc(thread))",
      each((t) => Math.clz32(t) + t.toString(2).replaceAll("0", "").length),
    ],
  ])("%s", async (expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected);
  });
});
