import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTensor } from "../../generator/cli/fuzz/tensors.js";
import {
  type Device,
  type Dtype,
  type Gradient,
  type HalfValues,
  LowbitError,
  type OptimizerOptions,
  type ParameterValues,
  TypeScriptDevice,
  toFloat32,
  toHalf,
  type WebGpuDevice,
} from "../../runtime/index.js";
import { decodeBf16, decodeF16, nearestBf16, nearestF16, nextUp } from "../oracle/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { subjectOf } from "./harness.js";

let webgpu: WebGpuDevice;
beforeAll(async () => {
  webgpu = await requireWebGpu();
});
afterAll(() => webgpu.dispose());

const devices = (): Device[] => [new TypeScriptDevice(), webgpu];
const length = 1037;

/** Sums and products only: every device gives the same bits where no operation is off. */
const momentum = (extra: object) =>
  JSON.stringify({
    name: "momentum",
    hyper: { lr: 0.0078125, momentum: 0.5 },
    states: { m: { bits: 32 } },
    update: "m = momentum*m + g\np = p - lr*m",
    ...extra,
  });

const start = () => makeTensor({ length, fill: "normal", salt: 1, spikes: [] });
const gradient = (t: number) => makeTensor({ length, fill: "normal", salt: 10 + t, spikes: [] });

describe("parameters in two parts", () => {
  test("of 32 bits follow the float32 trajectory bit for bit, and are its nearest bfloat16", async () => {
    const { Optimizer } = await subjectOf(
      momentum({ param: { dtype: ["bf16", "f32"], master: 32 }, grad: "f32" }),
    );
    for (const device of devices()) {
      const half = toHalf(start(), "bf16");
      const exact = new Optimizer(device, { w: toFloat32(half) });
      const split = new Optimizer(device, { w: half });
      for (let t = 1; t <= 20; t++) {
        for (const optimizer of [exact, split]) optimizer.step({ w: gradient(t) });
        const wanted = new Uint32Array(((await exact.readParams()).w as Float32Array).buffer);
        const { data } = (await split.readParams()).w as HalfValues;
        const rest = new Uint16Array(((await split.state("w")).p_correction as Uint32Array).buffer);
        const found = Uint32Array.from(data, (code, i) => code * 65536 + (((rest[i] as number) << 16) >> 16));
        expect(found).toEqual(wanted);
      }
      exact.dispose();
      split.dispose();
    }
  });

  test.each([
    ["bf16", { dtype: "bf16", master: 24 }],
    ["bf16", { dtype: "bf16", master: 24, rounding: "stochastic" }],
    ["bf16", { dtype: "bf16", master: 32 }],
    ["bf16", { dtype: "bf16", rounding: "stochastic" }],
    ["f16", { dtype: "f16", rounding: "stochastic" }],
    ["f16", "f16"],
  ] as const)("of %s do not drift without a gradient: %j", async (dtype, param) => {
    const { Optimizer } = await subjectOf(
      JSON.stringify({ name: "sgd", hyper: { lr: 0.01 }, update: "p = p - lr*g", param, grad: "f32" }),
    );
    for (const device of devices()) {
      const optimizer = new Optimizer(device, { w: toHalf(start(), dtype) }, { seed: 5 });
      for (let t = 1; t <= 3; t++) optimizer.step({ w: gradient(t) });
      const [before, states] = [await optimizer.readParams(), await optimizer.state("w")];
      for (let t = 1; t <= 5; t++) optimizer.step({ w: new Float32Array(length) });
      expect(await optimizer.readParams()).toEqual(before);
      expect(await optimizer.state("w")).toEqual(states);
      optimizer.dispose();
    }
  });

  test("a small step that bfloat16 loses is kept by the correction, and on average by stochastic rounding", async () => {
    const trained = async (param: unknown): Promise<number> => {
      const { Optimizer } = await subjectOf(
        JSON.stringify({ name: "sgd", hyper: { lr: 2 ** -12 }, update: "p = p - lr*g", param, grad: "f32" }),
      );
      const optimizer = new Optimizer(new TypeScriptDevice(), {
        w: toHalf(new Float32Array(4096).fill(1), "bf16"),
      });
      // 64 steps of -2^-12 each: to 1 + 2^-6, while the distance of bfloat16 beyond 1 is 2^-7.
      for (let t = 1; t <= 64; t++) optimizer.step({ w: new Float32Array(4096).fill(-1) });
      const values = toFloat32((await optimizer.readParams()).w as ParameterValues);
      return values.reduce((sum, x) => sum + x, 0) / values.length;
    };
    expect(await trained("bf16")).toBe(1);
    expect(await trained({ dtype: "bf16", master: 32 })).toBe(1 + 2 ** -6);
    expect(await trained({ dtype: "bf16", master: 24 })).toBe(1 + 2 ** -6);
    // A sum of 64 draws of variance below 2^-14 / 4 an element, over 4096 elements: six standard deviations.
    const mean = await trained({ dtype: "bf16", rounding: "stochastic" });
    expect(Math.abs(mean - (1 + 2 ** -6))).toBeLessThan((6 * Math.sqrt(64) * 2 ** -8) / 64);
  });
});

test("toHalf rounds to the nearest and toFloat32 is exact, for every value of 16 bits and what lies about it", () => {
  for (const [dtype, decode, nearest] of [
    ["bf16", decodeBf16, nearestBf16],
    ["f16", decodeF16, nearestF16],
  ] as const) {
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const exact = toFloat32({ data: codes, dtype, shape: [65536] });
    const wanted = Float32Array.from(codes, decode);
    expect(exact.findIndex((x, i) => !Object.is(x, wanted[i]))).toBe(-1);
    const about = Array.from(exact.filter(Number.isFinite)).flatMap((x, i, all) => {
      const middle = Math.fround((x + (all[i + 1] ?? x)) / 2);
      return [x, middle, nextUp(middle), -nextUp(-middle)];
    });
    const values = Float32Array.from(about);
    const rounded = toHalf(values, dtype).data;
    expect(rounded.findIndex((code, i) => code !== nearest(values[i] as number))).toBe(-1);
  }
});

describe("a package for several dtypes", () => {
  const text = momentum({ param: { dtype: ["f32", "bf16"], master: 24 }, grad: ["f32", "bf16", "f16"] });

  test("takes each parameter and each gradient in its own dtype, and resumes from a checkpoint bit for bit", async () => {
    const { Optimizer } = await subjectOf(text);
    for (const device of devices()) {
      const groups = { mixed: { params: ["c"], grad: "f16" as const } };
      const params = { a: start(), b: toHalf(start(), "bf16"), c: toHalf(start(), "bf16", [17, 61]) };
      const grads = (t: number): Record<string, Gradient> => ({
        a: gradient(t),
        b: toHalf(gradient(t), "bf16"),
        c: toHalf(gradient(t), "f16"),
      });
      const whole = new Optimizer(device, params, { groups });
      for (let t = 1; t <= 2; t++) whole.step(grads(t));
      const now = await whole.readParams();
      expect(Object.values(now).map((values) => ("dtype" in values ? values.dtype : "f32"))).toEqual([
        "f32",
        "bf16",
        "bf16",
      ]);
      expect((now.c as HalfValues).shape).toEqual([17, 61]);
      const resumed = new Optimizer(device, now, { groups });
      await resumed.loadStateDict(await whole.stateDict());
      for (const optimizer of [whole, resumed]) optimizer.step(grads(3));
      expect(await resumed.readParams()).toEqual(await whole.readParams());

      const others = new Optimizer(device, { ...now, b: toFloat32(now.b as HalfValues) }, { groups });
      await expect(others.loadStateDict(await whole.stateDict())).rejects.toThrow(
        expect.objectContaining({ code: "checkpoint-dtype" }),
      );
      for (const optimizer of [whole, resumed, others]) optimizer.dispose();
    }
  });

  test.each<[string, unknown, OptimizerOptions<string>, string, RegExp]>([
    [
      "a dtype without kernels",
      toHalf(start(), "f16"),
      {},
      "wrong-dtype",
      /"w" is f16, and momentum was generated for f32, f32 with bf16/,
    ],
    ["bare 16 bits", new Uint16Array(3), {}, "wrong-parameter", /not Uint16Array/],
    [
      "16 bits as f32",
      { data: new Uint16Array(3), shape: [3], dtype: "f32" },
      {},
      "wrong-parameter",
      /Uint16Array cannot have the dtype "f32"/,
    ],
    [
      "float32 as bf16",
      { data: new Float32Array(3), shape: [3], dtype: "bf16" },
      {},
      "wrong-parameter",
      /Float32Array cannot have/,
    ],
    [
      "16 bits without a dtype",
      { data: new Uint16Array(3), shape: [3] },
      {},
      "wrong-parameter",
      /cannot have the dtype undefined/,
    ],
    [
      "another shape",
      { ...toHalf(start(), "bf16"), shape: [3] },
      {},
      "wrong-shape",
      /does not describe 1037 values/,
    ],
    ["gradients of no dtype", start(), { grad: "half" as Dtype }, "wrong-dtype", /not "half"/],
  ])("refuses a parameter with %s", async (_, values, options, code, message) => {
    const { Optimizer } = await subjectOf(text);
    for (const device of devices()) {
      const make = () => new Optimizer(device, { w: values as ParameterValues }, options);
      expect(make).toThrow(LowbitError);
      expect(make).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
      );
    }
  });

  test.each<[string, unknown, RegExp]>([
    ["float32 where bfloat16 is due", gradient(1), /must be of type bf16, not f32/],
    ["float16 where bfloat16 is due", toHalf(gradient(1), "f16"), /must be of type bf16, not f16/],
    ["bare 16 bits", new Uint16Array(length), /not Uint16Array/],
    ["another length", toHalf(new Float32Array(3), "bf16"), /has 3 values/],
  ])("refuses a gradient with %s", async (_, g, message) => {
    const { Optimizer } = await subjectOf(text);
    for (const device of devices()) {
      const optimizer = new Optimizer(device, { w: toHalf(start(), "bf16") });
      const before = await optimizer.readParams();
      expect(() => optimizer.step({ w: g as Gradient })).toThrow(message);
      expect(await optimizer.readParams()).toEqual(before);
      optimizer.dispose();
    }
  });
});
