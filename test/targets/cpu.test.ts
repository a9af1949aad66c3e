import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { architectureOf, cpuCompiler } from "../../generator/cli/compile/cpu.js";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import { runDevice } from "../../generator/cli/fuzz/trajectory.js";
import { type Device, TypeScriptDevice } from "../../runtime/index.js";
import { shippedSpecs, subjectOf } from "../properties/harness.js";
import { cpus } from "../support/cpu.js";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const compiler = process.env.CXX ?? "c++";
const isTested = cpus.length > 0;

describe.runIf(isTested)("every package", () => {
  const instructions = cpus.flatMap(({ device }) => device.instructions);
  const compilers = [cpuCompiler({ instructions, flags: ["-O1"] })];
  const cases = casesOf(sizesAbout([128, 256, 1024, 2048]), fc.constant({}), { tensors: 24, steps: 3 });

  test.each(shippedSpecs(0))(
    "$name is equal to the evaluator for each instruction set",
    {
      timeout: 120_000,
    },
    async ({ text }) => {
      const subject = await subjectOf(text, compilers);
      for (const given of fc.sample(cases, { numRuns: 3, seed: 5 })) {
        for (const { device } of cpus) {
          const trajectory = await runDevice(subject, device, given);
          expect(judge(subject, accuracyOf("cpu"), trajectory).difference).toBeNull();
        }
      }
    },
  );
});

describe.runIf(isTested)("codes of values next to thresholds", () => {
  const { fround } = Math;
  /** Blocks of 256 with an absolute maximum of 1, so that values are what is encoded. */
  const blocksOf = (values: readonly number[]): Float32Array => {
    const blocks = Math.ceil(values.length / 255);
    const filled = new Float32Array(blocks * 256);
    for (let block = 0; block < blocks; block++) {
      const own = values.slice(block * 255, (block + 1) * 255);
      filled.set(own, block * 256);
      filled[block * 256 + 255] = block % 2 === 0 ? 1 : -1;
    }
    return filled;
  };
  /** A value and so many floats on either side. */
  const around = (value: number, count: number): number[] => {
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0] as number;
    const near = Uint32Array.from({ length: 2 * count + 1 }, (_, i) => bits + i - count);
    return [...new Float32Array(near.buffer)];
  };

  test.each(["adamw-8bit", "adamw-fp8", "adamw-4bit-block"])(
    "%s, with states that are g and g * g",
    {
      timeout: 120_000,
    },
    async (name) => {
      const text = shippedSpecs(0).find((spec) => spec.name === name)?.text ?? "";
      const all = cpus.flatMap(({ device }) => device.instructions);
      const subject = await subjectOf(text, [cpuCompiler({ instructions: all, flags: ["-O1"] })]);
      const codecs = subject.plan.variants.flatMap(({ states }) => states.map(({ codec }) => codec));
      const thresholds = codecs.flatMap((codec) => (codec.kind === "table" ? codec.thresholds : []));
      const sizes = thresholds.flatMap((threshold) =>
        threshold === 0 ? [] : [Math.abs(threshold), Math.sqrt(Math.abs(threshold))],
      );
      // Two blocks in three have no other value near a threshold, and are encoded the short way.
      const values = sizes.flatMap((size) => around(fround(size), 6));
      const signed = blocksOf(values.map((value, i) => (i % 3 === 0 ? -value : value)));
      const alone = Float32Array.from({ length: sizes.length * 256 }, (_, i) =>
        i % 256 === 0 ? (sizes[i >> 8] as number) : i % 256 === 1 ? 1 : 0.6 / (1 + (i % 97)),
      );
      const p = { a: new Float32Array(signed.length), b: new Float32Array(alone.length) };
      const codes = async (device: Device): Promise<Uint8Array> => {
        const optimizer = new subject.Optimizer(device, p, { beta1: 0, beta2: 0 });
        optimizer.step({ a: signed, b: alone });
        return await optimizer.stateDict();
      };
      const expected = await codes(new TypeScriptDevice());
      for (const { device } of cpus) {
        const found = await codes(device);
        const wrong = found.findIndex((byte, i) => byte !== expected[i]);
        expect(wrong, `first byte that differs on ${device.instructions[0]}`).toBe(-1);
        expect(found.length).toBe(expected.length);
      }
    },
  );
});

describe.runIf(isTested)("the C++ compiler has no warning", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lowbit-gen-cpu-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // GCC's own vector intrinsics have uninitialized values.
  const flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Wno-maybe-uninitialized", "-Wno-uninitialized"];
  test("about any package", { timeout: 300_000 }, async () => {
    const names = await readdir(join(root, "generated"));
    const sets = cpus.map(({ device }) => device.instructions[0]);
    for (const [index, name] of names.entries()) {
      const source = join(root, "generated", name, "cpu", "kernels.cpp");
      const set = sets[index % sets.length] ?? "";
      const output = join(folder, `${name}.o`);
      const { stderr } = await run(compiler, [...flags, ...architectureOf(set), "-c", source, "-o", output]);
      expect(stderr, name).toBe("");
    }
  });
});

describe.runIf(isTested && process.platform === "linux")("sanitizers find nothing", () => {
  const specs = [
    ...["adamw-8bit", "adamw-4bit-block", "adamw-3bit", "adamw-4bit", "factor-4bit", "flash-adamw-8bit"],
    ...["solo-adamw-3-2", "solo-adafactor-4-2", "lamb-8bit", "lars-8bit", "sm3-32bit", "adamw-4bit-b2048"],
  ];

  test("in kernels of every kind", { timeout: 600_000 }, async () => {
    const { stdout } = await run(compiler, ["-print-file-name=libasan.so"]);
    const script = join(root, "test", "targets", "sanitized.mjs");
    const paths = specs.map((name) => join(root, "spec", `${name}.yaml`));
    const env = { ...process.env, LD_PRELOAD: stdout.trim(), ASAN_OPTIONS: "detect_leaks=0" };
    const found = await run(process.execPath, [script, ...paths], { env, maxBuffer: 2 ** 26 });
    expect(found.stdout.trim().split("\n")).toHaveLength(specs.length);
  });
});
