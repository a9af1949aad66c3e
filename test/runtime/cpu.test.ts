import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test } from "vitest";
import { CpuDevice, LowbitError, type OptimizerDescriptor, openDevice } from "../../runtime/index.js";
import { shippedSpecs, subjectOf } from "../properties/harness.js";
import { cpus } from "../support/cpu.js";
import { gradientsOf, parametersOf } from "./support.js";

const textOf = (name: string): string => shippedSpecs().find((spec) => spec.name === name)?.text ?? "";
const sizes = { large: 300_007, middle: 4096, small: 33, one: 1, none: 0 };
const [cpu] = cpus;

const expectError = (call: () => unknown, code: string, message: RegExp): void => {
  expect(call).toThrow(LowbitError);
  expect(call).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
  );
};

describe.runIf(cpu !== undefined)("the cpu device", () => {
  const compilers = cpu?.compilers ?? [];
  const instructions = cpu?.device.instructions[0] ?? "";

  test.each(["adamw-4bit-block", "adamw-4bit", "lamb-8bit"])(
    "gives %s the same bits on any number of threads",
    async (name) => {
      const { Optimizer } = await subjectOf(textOf(name), compilers);
      const results = [];
      for (const threads of [1, 2, 7]) {
        const device = await openDevice("cpu", { threads, instructions });
        const optimizer = new Optimizer(device, parametersOf(sizes), { seed: 3 });
        for (let step = 1; step <= 3; step++) optimizer.step(gradientsOf(sizes, step));
        const states = await Promise.all(Object.keys(sizes).map((tensor) => optimizer.state(tensor)));
        results.push({ params: await optimizer.readParams(), states });
        optimizer.dispose();
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    },
  );

  test("says how many threads it has and what they run", () => {
    expect(new CpuDevice({ threads: 1, instructions }).description).toBe(`1 thread, ${instructions}`);
    expect(new CpuDevice({ threads: 3, instructions }).description).toBe(`3 threads, ${instructions}`);
    expect(new CpuDevice().kind).toBe("cpu");
  });

  test("gives the same bits in arrays of its own and in any others", async () => {
    const { Optimizer } = await subjectOf(textOf("adamw-8bit"), compilers);
    const device = new CpuDevice({ threads: 2, instructions });
    const n = 3_000_001;
    const values = (k: number) =>
      Float32Array.from({ length: n }, (_, i) => ((i * 31 + k) % 1009) / 1009 - 0.5);
    const results = [device.zeros("f32", n), new Float32Array(n), new Float32Array(n + 1).subarray(1)].map(
      (p) => {
        p.set(values(1));
        const optimizer = new Optimizer(device, { w: p });
        for (let step = 2; step <= 3; step++) {
          optimizer.step({ w: values(step) });
          optimizer.grads.w!.write(values(step + 2));
          optimizer.step(optimizer.grads);
        }
        optimizer.dispose();
        return Buffer.from(p.buffer, p.byteOffset, p.byteLength);
      },
    );
    expect(results[1]!.equals(results[0]!)).toBe(true);
    expect(results[2]!.equals(results[0]!)).toBe(true);
  });

  test("keeps no memory over 10,000 cycles of making, stepping and disposing", {
    timeout: 120_000,
  }, async () => {
    const { Optimizer } = await subjectOf(textOf("adamw-8bit"), compilers);
    const device = new CpuDevice({ threads: 2, instructions });
    const gradient = device.zeros("f32", 8192);
    const large = device.zeros("f32", 3e6);
    const cycles = (count: number): void => {
      for (let i = 0; i < count; i++) {
        // Now and then one whose gradients and parameters lie on large pages.
        const g = i % 500 === 0 ? large : gradient;
        const optimizer = new Optimizer(device, { w: device.zeros("f32", g.length) });
        optimizer.step({ w: g });
        optimizer.grads.w!.write(g);
        optimizer.step(optimizer.grads);
        optimizer.dispose();
      }
    };
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const used = async (): Promise<{ resident: number; held: number }> => {
      for (let i = 0; i < 4; i++) {
        gc();
        await new Promise(setImmediate);
      }
      const { rss, external } = process.memoryUsage();
      return { resident: rss, held: external };
    };
    cycles(1000);
    const before = await used();
    cycles(9000);
    const after = await used();
    expect(after.held - before.held).toBeLessThan(2 ** 20);
    expect(after.resident - before.resident).toBeLessThan(64 * 2 ** 20);
  });

  test("refuses options that it cannot serve", () => {
    for (const threads of [0, -1, 1.5, Number.NaN, 1e9])
      expectError(() => new CpuDevice({ threads }), "wrong-option", /^threads is a whole number from 1/);
    expectError(
      () => new CpuDevice({ instructions: "sse9" }),
      "wrong-option",
      /no instruction set "sse9": it has /,
    );
  });

  test("works in the caller's arrays, and refuses a step where one of them was given away", async () => {
    const { Optimizer } = await subjectOf(textOf("adamw-8bit"), compilers);
    const device = new CpuDevice({ instructions });
    const [p, g] = [new Float32Array(5000).fill(1), new Float32Array(5000).fill(0.5)];
    const optimizer = new Optimizer(device, { w: p });
    optimizer.step({ w: g });
    expect(p.every((value) => value < 1)).toBe(true);
    structuredClone(p.buffer, { transfer: [p.buffer] });
    expectError(
      () => optimizer.step({ w: g }),
      "detached-array",
      /^p of "w" has 0 elements where it had 5000/,
    );
  });

  describe("and compiled kernels", () => {
    const folder = mkdtempSync(join(tmpdir(), "lowbit-gen-"));
    afterAll(() => rmSync(folder, { recursive: true }));

    const movedTo = (place: string, descriptor: OptimizerDescriptor): OptimizerDescriptor => {
      const module = pathToFileURL(join(place, "kernels.js")).href;
      const kernels = Object.entries(descriptor.modules.cpu?.kernels ?? {});
      return {
        ...descriptor,
        modules: {
          cpu: {
            kernels: Object.fromEntries(kernels.map(([name, kernel]) => [name, { ...kernel, module }])),
          },
        },
      };
    };
    const open = async (change: (descriptor: OptimizerDescriptor) => OptimizerDescriptor) => {
      const { Optimizer, descriptor } = await subjectOf(textOf("sgdm-8bit"), compilers);
      const device = new CpuDevice({ instructions });
      const Base = Object.getPrototypeOf(Optimizer) as new (...args: unknown[]) => unknown;
      return () => new Base(change(descriptor), device, { w: new Float32Array(10) });
    };

    test("that are not there are an error with what to do", async () => {
      const make = await open((descriptor) => movedTo(folder, descriptor));
      expectError(
        make,
        "not-compiled",
        /^the cpu kernels of sgdm-8bit are not compiled for .*: run `npx lowbit-gen build`/,
      );
    });

    test("of other sources than those beside them are refused", async () => {
      const { descriptor } = await subjectOf(textOf("sgdm-8bit"), compilers);
      const [kernel] = Object.values(descriptor.modules.cpu?.kernels ?? {});
      const path = fileURLToPath(new URL("vectors.h", kernel?.module));
      writeFileSync(path, "// changed\n");
      const make = await open((same) => same);
      expectError(make, "not-compiled", /was compiled of other sources than those beside it/);
    });

    test("that do not load are an error with the loader's words", async () => {
      writeFileSync(join(folder, `kernels-${instructions}.so`), "no library");
      const make = await open((descriptor) => movedTo(folder, descriptor));
      expectError(make, "kernel-load", /kernels-.*\.so does not load \(.+\): run `npx lowbit-gen build`/);
    });

    test("of a package without them are named", async () => {
      const make = await open((descriptor) => ({ ...descriptor, modules: {} }));
      expectError(make, "no-kernels", /was generated without cpu kernels/);
    });
  });
});
