import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeAt } from "../../generator/cli/fuzz/bits.js";
import { type StoredScales, scaleValues } from "../../generator/cli/fuzz/halves.js";
import { makeTensor } from "../../generator/cli/fuzz/tensors.js";
import { type Device, readSafetensors, TypeScriptDevice, type WebGpuDevice } from "../../runtime/index.js";
import { cpuOf } from "../support/cpu.js";
import { requireWebGpu } from "../support/vulkan.js";
import { shippedSpecs, subjectOf } from "./harness.js";

const { fround } = Math;
let webgpu: WebGpuDevice;
beforeAll(async () => {
  webgpu = await requireWebGpu();
});
afterAll(() => webgpu.dispose());

/** Of which a spec's kernels were compiled for the last, where there is one. */
function devices(text: string): Device[] {
  const cpu = cpuOf(text)?.device;
  return [new TypeScriptDevice(), webgpu, ...(cpu === undefined ? [] : [cpu])];
}

/** Parameters of a run of zero gradients are decayed and nothing else: p - lr*weight_decay*p where decay is decoupled. */
const decoupled = new Set([
  ...[
    "adamw-32bit",
    "adamw-3bit",
    "adamw-4bit",
    "adamw-4bit-b2048",
    "adamw-4bit-block",
    "adamw-8bit",
    "adamw-fp8",
  ],
  ...[
    "adabelief-32bit",
    "ademamix-8bit",
    "factor-4bit",
    "flash-adamw-8bit",
    "flash-lion-8bit",
    "lion-32bit",
    "lion-8bit",
  ],
  ...["solo-adamw-4-2", "solo-adamw-3-2", "solo-adamw-2-2", "solo-adabelief-4-2"],
]);
/** Decay is a part of what these scale by norms: without it they keep quiet parameters. */
const scaled = new Set(["lamb-32bit", "lamb-8bit", "lars-8bit"]);

describe.each(shippedSpecs(0))("$name", ({ name, text }) => {
  test("keeps what has no gradient where it is, in a block of zeros and beside a single gradient", async () => {
    const { Optimizer, plan } = await subjectOf(text, cpuOf(text)?.compilers);
    const block = 256;
    const start = makeTensor({ length: 3 * block, fill: "normal", salt: 1, spikes: [] });
    const g = makeTensor({ length: 3 * block, fill: "normal", salt: 2, spikes: [] });
    // The first block is ordinary, the second has no gradient, the third one alone.
    const only = 2 * block + 17;
    g.fill(0, block);
    g[only] = 0.5;
    const hyper = Object.fromEntries(plan.hypers.map(({ name, default: value }) => [name, value ?? 0]));
    const decay = decoupled.has(name) ? fround((hyper.lr as number) * (hyper.weight_decay as number)) : 0;
    const given = scaled.has(name) ? { weight_decay: 0 } : {};
    expect(decay > 0 || ({ ...hyper, ...given }.weight_decay ?? 0) === 0).toBe(true);

    for (const device of devices(text)) {
      const optimizer = new Optimizer(device, { p: start.slice() }, given);
      let [expected, t] = [start, 0];
      while (t++ < 4) {
        optimizer.step({ p: g });
        expected = expected.map((p) => fround(p - fround(decay * p)));
      }
      const { p } = (await optimizer.readParams()) as { readonly p: Float32Array };
      const quiet = [...p.keys()].filter((i) => i >= block && i !== only);
      expect(quiet.map((i) => p[i])).toEqual(quiet.map((i) => expected[i]));
      expect(p[only]).not.toBe(expected[only]);
      expect(p.every(Number.isFinite)).toBe(true);
      const stored = await optimizer.state("p");
      for (const { name: state, codec } of plan.states) {
        if (codec.kind !== "table" || typeof codec.normalize === "string") continue;
        const size = codec.normalize.block;
        const scales = scaleValues(
          codec,
          stored[`${state}_scale`] as StoredScales,
          Math.ceil(p.length / size),
        );
        for (const [run, scale] of scales.entries()) {
          const isQuiet = run * size >= block && !(run * size <= only && only < (run + 1) * size);
          expect(isQuiet ? scale === 0 : scale > 0, `${state}, run ${run}: ${scale}`).toBe(true);
        }
        // The one gradient is its run's maximum; where the table has a zero, the others stay it.
        const codes = stored[`${state}_codes`] as Uint32Array;
        const levels = quiet
          .filter((i) => i >= 2 * block)
          .map((i) => codec.levels[codeAt(codes, codec.bits, i)]);
        if (codec.levels.includes(0)) expect(new Set(levels)).toEqual(new Set([0]));
      }
      optimizer.dispose();
    }
  });
});

test.each([
  ["adamw-3bit", "which rounds at random", "F32"],
  ["flash-adamw-8bit", "whose scales are float16, an odd number of them", "F16"],
])("%s, %s, continues from a checkpoint bit for bit", async (spec, _, dtype) => {
  const text = shippedSpecs().find(({ name }) => name === spec)?.text ?? "";
  const { Optimizer } = await subjectOf(text, cpuOf(text)?.compilers);
  const sizes = { large: 4096 + 77, small: 50 };
  const tensors = (salt: number) =>
    Object.fromEntries(
      Object.entries(sizes).map(([name, length], i) => [
        name,
        makeTensor({ length, fill: "normal", salt: salt + i, spikes: [] }),
      ]),
    );
  for (const device of devices(text)) {
    const whole = new Optimizer(device, tensors(1), { seed: 42, lr: 0.01 });
    for (let t = 1; t <= 3; t++) whole.step(tensors(10 * t));
    const file = await whole.stateDict();
    const saved = readSafetensors(file).tensors.get("large/m_scale");
    expect(saved?.dtype).toBe(dtype);
    expect(saved?.shape).toEqual([Math.ceil(sizes.large / (dtype === "F16" ? 32 : 128))]);
    const params = await whole.readParams();
    for (let t = 4; t <= 6; t++) whole.step(tensors(10 * t));

    const resumed = new Optimizer(device, params);
    await resumed.loadStateDict(file);
    for (let t = 4; t <= 6; t++) resumed.step(tensors(10 * t));
    expect(await resumed.readParams()).toEqual(await whole.readParams());
    for (const name of Object.keys(sizes)) expect(await resumed.state(name)).toEqual(await whole.state(name));
    expect([resumed.t, resumed.seed]).toEqual([6, 42]);
    whole.dispose();
    resumed.dispose();
  }
});
