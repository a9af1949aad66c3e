import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeTensor } from "../../generator/cli/fuzz/tensors.js";
import type { Subject } from "../../generator/cli/fuzz/trajectory.js";
import type { CudaArray } from "../../runtime/cuda/array.js";
import type { CudaDevice } from "../../runtime/cuda/device.js";
import { type Device, type ParameterInput, TypeScriptDevice } from "../../runtime/index.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs, subjectOf } from "../properties/harness.js";
import { emulated, nvcc } from "./support.js";

const fake = new FakeDriver();
const textOf = (name: string): string => shippedSpecs(100).find((spec) => spec.name === name)?.text ?? "";

/** Scalars, primes, dimensions of 1, more tiles than blocks, nothing at all. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  ...{ scalar: [1], prime: [4099], ones: [1, 1, 257, 1], matrix: [131, 129], four: [3, 1, 7, 11], none: [0] },
  ...{ large: [200, 307], short: [99], column: [521, 1] },
};
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);
const contents = (salt: number) =>
  Object.entries(shapes).map(
    ([name, shape], i) =>
      [name, makeTensor({ length: sizeOf(shape), fill: "normal", salt: salt + i, spikes: [] })] as const,
  );
const parameters = (): Record<string, ParameterInput> =>
  Object.fromEntries(contents(1).map(([name, data]) => [name, { data, shape: shapes[name] ?? [] }]));
const gradients = (step: number): Record<string, Float32Array> =>
  Object.fromEntries(
    contents(100 * step).map(([name, data]) => {
      if (data.length > 5) data.set([Number.NaN, Infinity, -Infinity], (step * 31) % (data.length - 3));
      return [name, data];
    }),
  );

type Optimizer = InstanceType<Subject["Optimizer"]>;
const all = async (optimizer: Optimizer) => ({
  params: await optimizer.readParams(),
  states: await Promise.all(Object.keys(shapes).map((name) => optimizer.state(name))),
});

/** What a device makes of four steps. */
async function run({ Optimizer }: Subject, device: Device) {
  const optimizer = new Optimizer(device, parameters(), { seed: 9 });
  for (let step = 1; step <= 4; step++) optimizer.step(gradients(step));
  const result = await all(optimizer);
  optimizer.dispose();
  return result;
}

const names = ["adamw-3bit", "adamw-4bit", "factor-4bit", "solo-adamw-2-2", "lars-8bit"];

describe.runIf(canRun)("on the emulator, the CUDA device", () => {
  test("is what the command line runs, where the environment names the emulated nvcc and driver", () => {
    const main = join(import.meta.dirname, "../../dist/generator/cli/main.js");
    const spec = join(import.meta.dirname, "../../spec/adamw-4bit-block.yaml");
    const env = { ...process.env, NVCC: nvcc, NVCC_APPEND_FLAGS: "-G" };
    const given = [main, "fuzz", spec, "--device", "cuda", "--runs", "5"];
    const said = execFileSync(process.execPath, given, { env, encoding: "utf8" });
    expect(said).toMatch(/ok +cuda: equal to the evaluator bit for bit: \d+ tensors/);
  });

  test.each(names)(
    "gives %s the bits of TypeScript, whatever the order of threads, in graphs and without",
    {
      timeout: 120_000,
    },
    async (name) => {
      const subject = await subjectOf(textOf(name), [emulated]);
      const expected = await run(subject, new TypeScriptDevice());
      for (const [seed, multiprocessors, graphs] of [
        ["1", "1", true],
        ["2", "5", false],
        ["3", "100", true],
      ] as const) {
        fake.set("SEED", seed);
        fake.set("SMS", multiprocessors);
        const device = fake.open({ graphs });
        expect(await run(subject, device)).toEqual(expected);
        device.dispose();
      }
    },
  );

  test("continues from a checkpoint of its own and of another device", async () => {
    const subject = await subjectOf(textOf("adamw-3bit"), [emulated]);
    const device = fake.open();
    const expected = await run(subject, new TypeScriptDevice());
    for (const first of [device, new TypeScriptDevice()]) {
      const begun = new subject.Optimizer(first, parameters(), { seed: 9 });
      for (let step = 1; step <= 2; step++) begun.step(gradients(step));
      const resumed = new subject.Optimizer(device, parametersOf(await begun.readParams()));
      await resumed.loadStateDict(await begun.stateDict());
      for (let step = 3; step <= 4; step++) resumed.step(gradients(step));
      expect(await all(resumed)).toEqual(expected);
    }
    device.dispose();
  });

  test("takes gradients from where they lie on the device, between steps of others", async () => {
    const subject = await subjectOf(textOf("adamw-4bit"), [emulated]);
    const device = fake.open();
    const expected = await run(subject, new TypeScriptDevice());
    const optimizer = new subject.Optimizer(device, parameters(), { seed: 9 });
    const others = [2, 3].map((step) => new subject.Optimizer(device, gradients(step)));
    optimizer.step(gradients(1));
    for (const { params } of others)
      optimizer.step(Object.fromEntries(Object.entries(params).map(([name, { array }]) => [name, array])));
    optimizer.step(gradients(4));
    expect(await all(optimizer)).toEqual(expected);
    device.dispose();
  });

  test.each(names)("writes nothing of %s behind the end of an array", async (name) => {
    const { Optimizer } = await subjectOf(textOf(name), [emulated]);
    const device = fake.open();
    const optimizer = new Optimizer(device, parameters());
    for (let step = 1; step <= 2; step++) optimizer.step(gradients(step));
    await device.synchronize();
    let bytes = 0;
    for (const array of Object.values(optimizer.params).map((tensor) => tensor.array)) {
      const behind = await readBehind(device, array as CudaArray);
      expect(behind).toEqual(new Uint8Array(behind.length));
      bytes += behind.length;
    }
    expect(bytes).toBeGreaterThan(500);
    device.dispose();
  });
});

const parametersOf = (values: Record<string, unknown>): Record<string, ParameterInput> =>
  Object.fromEntries(
    Object.entries(values).map(([name, data]) => [
      name,
      { data: data as Float32Array, shape: shapes[name] ?? [] },
    ]),
  );

/** What lies between the end of an array and the next multiple of 256 bytes. */
async function readBehind(device: CudaDevice, array: CudaArray): Promise<Uint8Array> {
  const extent = Math.ceil(array.bytes / 256) * 256;
  const words =
    extent === 0 ? new Uint32Array(0) : await device.wrap(array.pointer, "u32", extent / 4).read();
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength).slice(array.bytes);
}
