import { describe, expect, test } from "vitest";
import { descriptor as adafactor } from "../../generated/adafactor-32bit/index.js";
import { descriptor as rank1 } from "../../generated/adamw-4bit/index.js";
import { descriptor as block } from "../../generated/adamw-4bit-block/index.js";
import { descriptor as solo } from "../../generated/solo-adamw-4-2/index.js";
import type { CudaArray } from "../../runtime/cuda/array.js";
import { tensorId } from "../../runtime/index.js";
import { canRun, FakeDriver, optimizer, type Ran } from "./support.js";

const fake = new FakeDriver();
const gradient = (length: number): Float32Array => new Float32Array(length).fill(0.5);
const launches = (ran: readonly Ran[]) => ran.filter((one) => one.kind === "launch");

describe.runIf(canRun)("one step", () => {
  test("is one launch a variant, whatever the number and sizes of tensors", async () => {
    const device = fake.open();
    const sizes = { a: 5000, empty: 0, b: 70_001, tiny: 3, c: 4096, one: 1 };
    const params = Object.fromEntries(
      Object.entries(sizes).map(([name, n]) => [name, new Float32Array(n).fill(n)]),
    );
    const grads = Object.fromEntries(Object.entries(sizes).map(([name, n]) => [name, gradient(n)]));
    const opt = optimizer(block, device, params, { lr: 0.25 });
    opt.step(grads);
    await device.synchronize();
    const ran = launches(fake.ran());
    expect(ran.map(({ kernel, count, blocks, threads }) => ({ kernel, count, blocks, threads }))).toEqual([
      // Chunks of 128 threads of 16 elements; 5 multiprocessors, 3 blocks on each: 15 at once, of 16 chunks each if there are.
      { kernel: "step", count: 3 + 35 + 2, blocks: 15, threads: 128 },
      { kernel: "step_float32", count: 2, blocks: 2, threads: 128 },
    ]);
    const [{ chunks, tensors }] = ran as [Extract<Ran, { kind: "launch" }>];
    const chunkWords = (await device.wrap(BigInt(chunks), "u32", 2 * 40).read()) as Uint32Array;
    const pairs = Array.from({ length: 40 }, (_, i) => [chunkWords[2 * i], chunkWords[2 * i + 1]]);
    expect(pairs.slice(0, 5)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
    ]);
    expect(pairs.at(-3)).toEqual([1, 34]);
    expect(pairs.at(-1)).toEqual([2, 1]);

    // length, id and padding, p, g, m_codes, m_scale, v_codes, v_scale: 64 bytes a tensor.
    const words = (await device.wrap(BigInt(tensors), "u32", 3 * 16).read()) as Uint32Array;
    const row = (i: number) => new BigUint64Array(words.buffer.slice(64 * i, 64 * (i + 1)));
    for (const [i, name] of ["a", "b", "c"].entries()) {
      const found = row(i);
      const size = sizes[name as keyof typeof sizes];
      expect(found[0]).toBe(BigInt(size));
      expect(found[1]).toBe(BigInt(tensorId(name)));
      const arrays = [...found.slice(2)];
      expect(new Set(arrays).size).toBe(6);
      for (const address of arrays) expect(address % 256n).toBe(0n);
      const p = (await device.wrap(found[2]!, "f32", size).read()) as Float32Array;
      expect(p).toEqual(params[name]);
      expect(await device.wrap(found[3]!, "f32", size).read()).toEqual(gradient(size));
      // Codes and scales begin as zeros, although new memory does not.
      expect(await device.wrap(found[4]!, "u32", Math.ceil(size / 8)).read()).toEqual(
        new Uint32Array(Math.ceil(size / 8)),
      );
    }
    opt.dispose();
    device.dispose();
  });

  test("has no more blocks than run at once where these ask for chunks, which are counted behind the last", async () => {
    const device = fake.open();
    const chunks = 300;
    const size = 2048 * chunks;
    const opt = optimizer(solo, device, { a: gradient(size) });
    opt.step({ a: gradient(size) });
    await device.synchronize();
    const [ran] = launches(fake.ran()) as [Extract<Ran, { kind: "launch" }>];
    expect(ran).toMatchObject({ kernel: "step", count: chunks, blocks: 5 * 3 });
    const words = (await device.wrap(BigInt(ran.chunks), "u32", 2 * chunks + 2).read()) as Uint32Array;
    expect(words).toEqual(
      Uint32Array.from({ length: 2 * chunks + 2 }, (_, i) => (i % 2 && i < 2 * chunks ? (i - 1) / 2 : 0)),
    );
    opt.dispose();
    device.dispose();
  });

  test("clears, launches and publishes in the order of its passes, with few commands", async () => {
    for (const graphs of [false, true]) {
      const device = fake.open({ graphs });
      const sizes = Array.from({ length: 50 }, (_, i) => 4096 + 64 * i);
      const shaped = (n: number) => ({ data: new Float32Array(n), shape: [n / 64, 64] });
      const params = Object.fromEntries(sizes.map((n) => [`t${n}`, shaped(n)]));
      const grads = Object.fromEntries(sizes.map((n) => [`t${n}`, gradient(n)]));
      const opt = optimizer(rank1, device, params);
      // The first one makes the memory of the gradients.
      opt.step(grads);
      await device.synchronize();
      fake.ran();
      for (let step = 0; step < 3; step++) {
        opt.step(grads);
        await device.synchronize();
        const ran = fake.ran();
        expect(ran.map((one) => (one.kind === "launch" ? one.kernel : one.kind))).toEqual([
          "fill",
          "measure",
          "step",
          "copy",
        ]);
      }
      device.dispose();
    }
  });

  // The driver without a GPU runs branches of a graph in the reverse order of their capture.
  test.each([
    [false, ["step_float32", "step"]],
    [true, ["step", "step_float32"]],
  ])(
    "runs variants beside each other in a graph (graphs: %s), the smaller one begun first",
    async (graphs, order) => {
      const device = fake.open({ graphs });
      const opt = optimizer(block, device, { large: gradient(5000), small: gradient(3) });
      opt.step({ large: gradient(5000), small: gradient(3) });
      await device.synchronize();
      expect(launches(fake.ran()).map(({ kernel }) => kernel)).toEqual(order);
      opt.dispose();
      device.dispose();
    },
  );

  test.each([
    [false, ["rows", "cols"]],
    [true, ["cols", "rows"]],
  ])(
    "runs passes beside each other in a graph (graphs: %s) that share no array, and all others in order",
    async (graphs, folds) => {
      const device = fake.open({ graphs });
      const w = { data: new Float32Array(6000), shape: [100, 60] };
      const opt = optimizer(adafactor, device, { w });
      opt.step({ w: gradient(6000) });
      await device.synchronize();
      expect(launches(fake.ran()).map(({ kernel }) => kernel)).toEqual([
        "reduce1_squares",
        ...folds.map((shape) => `reduce1_${shape}`),
        "reduce2",
        "reduce3_runs",
        "reduce3_runs2",
        "reduce3",
        "step",
      ]);
      opt.dispose();
      device.dispose();
    },
  );

  test("replays a captured graph with the uniforms of its own step and of each group", async () => {
    const device = fake.open();
    const opt = optimizer(
      adafactor,
      device,
      { w: { data: new Float32Array(6000), shape: [100, 60] }, b: new Float32Array(6) },
      { groups: { plain: { params: ["b"] } } },
    );
    const grads = { w: gradient(6000), b: gradient(6) };
    const seen: number[][] = [];
    for (let step = 0; step < 3; step++) opt.step(grads, { lr: 1 / (step + 1) });
    await device.synchronize();
    for (const { uniforms } of launches(fake.ran())) seen.push([...uniforms]);
    const perStep = seen.length / 3;
    const steps = [0, 1, 2].map((step) => JSON.stringify(seen.slice(step * perStep, (step + 1) * perStep)));
    // Uploaded from the same page-locked memory, run after all three were enqueued.
    expect(new Set(steps).size).toBe(3);
    expect(fake.counts().graphs).toBe(1);
    opt.dispose();
    expect(fake.counts().graphs).toBe(0);
    device.dispose();
  });

  test("reads gradients of the device from where they are, and allocates none of its own", async () => {
    const device = fake.open();
    const other = optimizer(block, device, { source: new Float32Array(8192).fill(7) });
    const before = fake.counts().bytes;
    const opt = optimizer(block, device, { w: new Float32Array(8192) });
    const { array } = other.params.source!;
    opt.step({ w: array });
    await device.synchronize();
    const allocated = fake.counts().bytes - before;
    expect(allocated).toBeLessThan(2 * 4 * 8192 + 4096);
    const [launch] = launches(fake.ran());
    const words = (await device.wrap(BigInt(launch!.tensors), "u32", 16).read()) as Uint32Array;
    expect(new BigUint64Array(words.buffer)[3]).toBe((array as { pointer?: bigint }).pointer);
    expect(await opt.grads.w!.read()).toEqual(new Float32Array(8192).fill(7));

    // Host values again: its own memory, and the source is as it was.
    opt.step({ w: gradient(8192) });
    expect(await opt.grads.w!.read()).toEqual(gradient(8192));
    expect(await array.read()).toEqual(new Float32Array(8192).fill(7));
    // The source may be freed while it is lent.
    opt.step({ w: array });
    other.dispose();
    expect(await opt.grads.w!.read()).toEqual(new Float32Array(8192).fill(7));
    opt.dispose();
    device.dispose();
  });

  test("is refused where an array for a gradient was freed, before any other is lent", async () => {
    const device = fake.open();
    const opt = optimizer(block, device, { a: new Float32Array(5000), b: new Float32Array(5000) });
    const other = optimizer(block, device, { a: new Float32Array(5000), b: new Float32Array(5000) });
    const freed = expect.objectContaining({
      code: "disposed",
      message: expect.stringMatching(/^the array was/),
    });
    opt.step({ a: gradient(5000), b: gradient(5000) });
    const { a, b } = other.grads;
    a!.write(new Float32Array(5000).fill(7));
    b!.release();
    expect(() => opt.step({ a: a!, b: b! })).toThrow(freed);
    expect(await opt.grads.a!.read()).toEqual(gradient(5000));
    opt.step(opt.grads);
    opt.grads.b!.release();
    for (const grads of [opt.grads, { ...opt.grads }, { a: gradient(5000), b: gradient(5000) }])
      expect(() => opt.step(grads)).toThrow(freed);
    expect(opt.t).toBe(2);
    device.dispose();
    expect(() => opt.step(opt.grads)).toThrow("the device was disposed");
  });

  test("finds gradients where they are after a step that failed", async () => {
    const device = fake.open();
    const opt = optimizer(block, device, { w: new Float32Array(8192) });
    const lent = optimizer(block, device, { w: new Float32Array(8192) });
    lent.grads.w!.write(gradient(8192));
    opt.step({ w: gradient(8192) });
    await device.synchronize();
    fake.ran();
    fake.fail("cuMemcpyHtoDAsync_v2", 1);
    expect(() => opt.step({ w: lent.grads.w! })).toThrow("CUDA_ERROR_INVALID_VALUE");
    fake.set("FAIL", "");
    opt.step({ w: lent.grads.w! });
    await device.synchronize();
    const [launch] = launches(fake.ran());
    const words = (await device.wrap(BigInt(launch!.tensors), "u32", 16).read()) as Uint32Array;
    expect(new BigUint64Array(words.buffer)[3]).toBe((lent.grads.w as CudaArray).pointer);
    device.dispose();
  });
});
