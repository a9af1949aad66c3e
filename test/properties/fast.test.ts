import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { cpuCompiler } from "../../generator/cli/compile/cpu.js";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import { runDevice } from "../../generator/cli/fuzz/trajectory.js";
import { compile } from "../../generator/cli/library.js";
import { TypeScriptDevice } from "../../runtime/index.js";
import { cpus, quickFlags } from "../support/cpu.js";
import { shippedSpecs, subjectOf } from "./harness.js";
import { fastMutations, mutate, nearestMutations } from "./mutations.js";

const fastOf = (text: string): string => JSON.stringify({ ...parse(text), math: "fast" });
const textOf = (name: string): string =>
  fastOf(shippedSpecs(0).find((spec) => spec.name === name)?.text ?? "");

/** Of a processor that multiplies and adds at once. */
const cpu = cpus.find(({ device }) => device.instructions[0] !== "x86-64");
if (cpu === undefined) {
  const line = "MATH: FAST IS NOT TESTED in C++: there is no C++ compiler, or the processor fuses nothing.";
  if (process.env.CI) throw new Error(line);
  console.warn(`\n${"!".repeat(line.length)}\n${line}\n${"!".repeat(line.length)}\n`);
}
const compilers = [cpuCompiler({ instructions: cpu?.device.instructions ?? [], flags: quickFlags })];
const cases = casesOf(sizesAbout([128, 256, 1024]), fc.constant({}), { tensors: 12, steps: 3 });
let fused = 0;

describe.runIf(cpu !== undefined).each(shippedSpecs(0))("$name with math: fast", ({ text }) => {
  test("is exact in TypeScript, and within its class in C++", { timeout: 120_000 }, async () => {
    const subject = await subjectOf(fastOf(text), compilers);
    for (const given of fc.sample(cases, { numRuns: 2, seed: 7 })) {
      const exact = await runDevice(subject, new TypeScriptDevice(), given);
      expect(judge(subject, accuracyOf("typescript", "fast"), exact).difference).toBeNull();
      const found = await runDevice(subject, cpu!.device, given);
      expect(judge(subject, accuracyOf("cpu", "fast"), found, exact).difference).toBeNull();
      if (judge(subject, { kind: "exact" }, found, exact).difference !== null) fused++;
    }
  });
});

test.runIf(cpu !== undefined)("products were fused, so these classes were put to the test", () => {
  expect(fused).toBeGreaterThan(10);
});

describe.runIf(cpu !== undefined)(
  "what is further off is found: adamw-4bit-block with math: fast and",
  () => {
    const text = textOf("adamw-4bit-block");
    test.each([...nearestMutations, ...fastMutations])("$name", { timeout: 120_000 }, async (mutation) => {
      const subject = await mutate(text, mutation, compilers);
      // The class of the other target is wider, and holds kernels that no device here runs.
      for (const target of ["cpu", "cuda"] as const) {
        const property = fc.asyncProperty(cases, async (given) => {
          const trajectory = await runDevice(subject, cpu!.device, given);
          return judge(subject, accuracyOf(target, "fast"), trajectory).difference === null;
        });
        const { failed, numRuns } = await fc.check(property, { numRuns: 60, seed: 1, endOnFailure: true });
        expect(failed, `${mutation.name}: not found in ${numRuns} cases by the class of ${target}`).toBe(
          true,
        );
      }
    });
  },
);

test("what is stored, and the kernels of targets that gain nothing, are those of math: exact", () => {
  for (const { name, text } of shippedSpecs()) {
    const [exact, fast] = [compile(text), compile(fastOf(text))];
    const hashOf = ({ files }: typeof exact): string =>
      /specHash: "(\w+)"/.exec(files.find(({ path }) => path === "index.js")?.text ?? "")?.[1] ?? "none";
    expect(hashOf(fast)).toBe(hashOf(exact));
    expect(hashOf(fast)).toMatch(/^[\da-f]{64}$/);
    const changed = fast.files
      .filter(({ path, text: own }) => exact.files.find((other) => other.path === path)?.text !== own)
      .map(({ path }) => path);
    expect(changed.sort(), name).toEqual([
      "cpu/kernels.cpp",
      "cpu/vectors.h",
      "cuda/kernels.cu",
      "plan.json",
    ]);
  }
});

test("a checkpoint of math: exact goes on with math: fast, and the other way round", async () => {
  const texts = shippedSpecs(0).find(({ name }) => name === "adamw-4bit-block")?.text ?? "";
  const device = new TypeScriptDevice();
  const values = (salt: number): Float32Array =>
    Float32Array.from({ length: 300 }, (_, i) => Math.sin(i + salt));
  for (const [from, to] of [
    [texts, fastOf(texts)],
    [fastOf(texts), texts],
  ] as const) {
    const [first, second] = await Promise.all([subjectOf(from), subjectOf(to)]);
    const whole = new first.Optimizer(device, { p: values(0) });
    whole.step({ p: values(1) });
    const resumed = new second.Optimizer(device, await whole.readParams());
    await resumed.loadStateDict(await whole.stateDict());
    for (const optimizer of [whole, resumed]) optimizer.step({ p: values(2) });
    expect(await resumed.readParams()).toEqual(await whole.readParams());
    expect(await resumed.state("p")).toEqual(await whole.state("p"));
  }
});
