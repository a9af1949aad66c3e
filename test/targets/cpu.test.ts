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
