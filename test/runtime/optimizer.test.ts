import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, openDevice } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import {
  gradientsOf,
  makeMomentum,
  parametersOf,
  runSteps,
  type Sizes,
  snapshot,
  values,
} from "./support.js";

const sizes: Sizes = {
  none: 0,
  one: 1,
  "few/three": 3,
  half: 17,
  "half.even": 32,
  coded: 64,
  odd: 1027,
  größe: 5000,
};

describe.each(["typescript", "webgpu"] as const)("on %s", (kind) => {
  let device: Device;
  beforeAll(async () => {
    device = kind === "webgpu" ? await requireWebGpu() : await openDevice("typescript");
  });
  afterAll(() => device.dispose());

  test("a 32-bit tensor follows the formula, with the schedule", async () => {
    const p = values(5, 1);
    const expected = Float64Array.from(p);
    const m = new Float64Array(5);
    const optimizer = makeMomentum(device, { w: p });
    for (let t = 1; t <= 5; t++) {
      const g = values(5, 10 + t);
      optimizer.step({ w: g });
      for (let i = 0; i < 5; i++) {
        m[i] = (t < 3 ? 0.25 : 0.5) * m[i]! + g[i]!;
        expected[i] = expected[i]! - 0.25 * m[i]!;
      }
    }
    expect(await optimizer.params.w!.read()).toEqual(Float32Array.from(expected));
    expect((await optimizer.state("w")).m).toEqual(Float32Array.from(m));
    expect(optimizer.t).toBe(5);
    optimizer.dispose();
  });

  test("every size takes its variant and keeps the arrays of its storage", async () => {
    const optimizer = makeMomentum(device, parametersOf(sizes));
    const lengths: Record<string, unknown> = {};
    for (const name of Object.keys(sizes)) {
      const arrays = Object.entries(await optimizer.state(name));
      lengths[name] = [
        optimizer.variantOf(name),
        ...arrays.map(([array, data]) => `${array}: ${data.constructor.name} ${data.length}`),
      ];
    }
    expect(lengths).toEqual({
      none: ["full", "m: Float32Array 0"],
      one: ["full", "m: Float32Array 1"],
      "few/three": ["full", "m: Float32Array 3"],
      half: ["half", "m: Uint32Array 9"],
      "half.even": ["half", "m: Uint32Array 16"],
      coded: ["coded", "m_codes: Uint32Array 16", "m_scale: Float32Array 1"],
      odd: ["coded", "m_codes: Uint32Array 257", "m_scale: Float32Array 1"],
      größe: ["coded", "m_codes: Uint32Array 1250", "m_scale: Float32Array 1"],
    });
    // With one more word a coded tensor for what is measured before it becomes the scale.
    const words = 0 + 1 + 3 + 9 + 16 + (16 + 2) + (257 + 2) + (1250 + 2);
    expect(optimizer.stateBytes).toBe(4 * words);
    optimizer.dispose();
  });

  test("cleared maxima become the published scales, step by step", async () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(64) }, { beta: 0 });
    const scales: number[] = [];
    for (const size of [4, 0.5, 0, 2]) {
      optimizer.step({ w: new Float32Array(64).fill(-size) });
      scales.push((await optimizer.state("w")).m_scale![0]!);
    }
    expect(scales).toEqual([4, 0.5, 0, 2]);
    optimizer.dispose();
  });

  test("hyperparameters given to a step stay in force; a schedule is overridden by a number", () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(3) }, { lr: 0.5 });
    expect(optimizer.hypers).toEqual({ lr: 0.5, beta: null });
    optimizer.step({ w: new Float32Array(3) }, { lr: 0.125 });
    optimizer.step({ w: new Float32Array(3) }, { beta: 0 });
    expect(optimizer.hypers).toEqual({ lr: 0.125, beta: 0 });
    optimizer.dispose();
  });

  test("gradients may come as host values, as the optimizer's own arrays, or as other arrays", async () => {
    const start = { a: values(70, 1), b: values(70, 2) };
    const grads = { a: values(70, 3), b: values(70, 4) };
    const byValue = makeMomentum(device, structuredClone(start));
    byValue.step(grads);
    const inPlace = makeMomentum(device, structuredClone(start));
    inPlace.grads.a!.write(grads.a);
    inPlace.grads.b!.write(grads.b.subarray(0, 30));
    inPlace.grads.b!.write(grads.b.subarray(30), 30);
    inPlace.step(inPlace.grads);
    const crossed = makeMomentum(device, structuredClone(start));
    crossed.grads.b!.write(grads.a);
    crossed.grads.a!.copyFrom(crossed.grads.b!);
    crossed.step({ a: crossed.grads.a!, b: byValue.grads.b! });
    const expected = await snapshot(byValue);
    expect(await snapshot(inPlace)).toEqual(expected);
    expect(await snapshot(crossed)).toEqual(expected);
    for (const optimizer of [byValue, inPlace, crossed]) optimizer.dispose();
  });

  test("the optimizer's own arrays keep what a step was given, until they are written", async () => {
    const g = values(70, 3);
    const given = makeMomentum(device, { w: values(70, 1) });
    const other = makeMomentum(device, { w: values(70, 5) });
    other.grads.w!.write(g);
    given.step({ w: other.grads.w! });
    given.step(given.grads);
    given.step({ ...given.grads });
    given.grads.w!.write(values(70, 6));
    given.step(given.grads);
    const reference = makeMomentum(device, { w: values(70, 1) });
    for (const salt of [3, 3, 3, 6]) reference.step({ w: values(70, salt) });
    expect(await snapshot(given)).toEqual(await snapshot(reference));
    for (const optimizer of [given, other, reference]) optimizer.dispose();
  });

  test("the record of the optimizer's own arrays cannot be changed", () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(3) });
    const grads = optimizer.grads as Record<string, unknown>;
    expect(() => {
      grads.w = new Float32Array(3);
    }).toThrow(TypeError);
    expect(() => {
      grads.x = new Float32Array(3);
    }).toThrow(TypeError);
    optimizer.dispose();
  });

  test("host gradients may be reused at once, and are never written", async () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(3) });
    const g = Float32Array.of(1, 2, 3);
    optimizer.step({ w: g });
    optimizer.grads.w!.write(Float32Array.of(8), 1);
    expect(g).toEqual(Float32Array.of(1, 2, 3));
    expect(await optimizer.grads.w!.read()).toEqual(Float32Array.of(1, 8, 3));
    g.fill(64);
    expect(await optimizer.params.w!.read()).toEqual(Float32Array.of(-0.25, -0.5, -0.75));
    optimizer.dispose();
  });

  test("a read gives the values at the time of the call", async () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(64) }, { beta: 0 });
    const before = optimizer.readParams();
    const saved = optimizer.stateDict();
    optimizer.step({ w: new Float32Array(64).fill(1) });
    expect((await before).w).toEqual(new Float32Array(64));
    await optimizer.loadStateDict(await saved);
    expect(optimizer.t).toBe(0);
    expect((await optimizer.state("w")).m_scale).toEqual(Float32Array.of(0));
    optimizer.dispose();
  });

  test("another optimizer takes parameters over, and outlives the first", async () => {
    const first = makeMomentum(device, { w: { data: new Float32Array(64), shape: [8, 8] } }, { beta: 0 });
    first.step({ w: new Float32Array(64).fill(4) });
    const second = makeMomentum(device, first.params, { beta: 0 });
    expect(second.params.w!.shape).toEqual([8, 8]);
    expect(second.params.w!.array).toBe(first.params.w!.array);
    first.dispose();
    second.step({ w: new Float32Array(64).fill(4) });
    expect(await second.params.w!.read()).toEqual(new Float32Array(64).fill(-2));
    second.dispose();
  });

  test("random bits depend on the seed and the tensor's name, not on its place", async () => {
    const run = async (names: readonly string[], seed: number) => {
      const same = (scale: number) =>
        Object.fromEntries(names.map((name) => [name, values(100, 7).map((x) => x * scale)]));
      const optimizer = makeMomentum(device, same(1), { seed });
      optimizer.step(same(0.3));
      const { states } = await snapshot(optimizer);
      optimizer.dispose();
      return states;
    };
    const forward = await run(["a", "b", "c"], 2 ** 40 + 1);
    const backward = await run(["c", "x", "a"], 2 ** 40 + 1);
    expect(backward.a).toEqual(forward.a);
    expect(backward.c).toEqual(forward.c);
    expect(forward.a).not.toEqual(forward.b);
    expect((await run(["a"], 1)).a).not.toEqual(forward.a);
  });

  test("is disposed once and for all", async () => {
    const optimizer = makeMomentum(device, { w: new Float32Array(64) });
    const { w } = optimizer.params;
    optimizer.dispose();
    optimizer.dispose();
    const disposed = expect.objectContaining({ name: "LowbitError", code: "disposed" });
    expect(() => optimizer.step({ w: new Float32Array(64) })).toThrow(disposed);
    expect(() => optimizer.variantOf("w")).toThrow(disposed);
    for (const use of [
      optimizer.readParams(),
      optimizer.state("w"),
      optimizer.stateDict(),
      optimizer.loadStateDict(new Uint8Array()),
      w!.read(),
    ])
      await expect(use).rejects.toThrow(disposed);
  });
});

test("the typescript device updates the caller's arrays in place, webgpu a copy", async () => {
  const [typescript, webgpu] = [await openDevice("typescript"), await requireWebGpu()];
  const [own, copied] = [new Float32Array(3), new Float32Array(3)];
  makeMomentum(typescript, { w: own }).step({ w: Float32Array.of(4, 4, 4) });
  makeMomentum(webgpu, { w: copied }).step({ w: Float32Array.of(4, 4, 4) });
  await webgpu.synchronize();
  expect(own).toEqual(Float32Array.of(-1, -1, -1));
  expect(copied).toEqual(new Float32Array(3));
  webgpu.dispose();
});

test("both devices give the same bits", async () => {
  const [typescript, webgpu] = [await openDevice("typescript"), await requireWebGpu()];
  const expected = await runSteps(typescript, sizes, 6, { seed: 12345678901234 });
  expect(await runSteps(webgpu, sizes, 6, { seed: 12345678901234 })).toEqual(expected);
  expect(gradientsOf(sizes, 1).odd).not.toEqual(gradientsOf(sizes, 2).odd);
  webgpu.dispose();
});
