import { beforeAll, describe, expect, test } from "vitest";
import { checksOf, type Failure, runCheck } from "../../generator/cli/fuzz/checks.js";
import { describeFailure } from "../../generator/cli/fuzz/report.js";
import { parseSeed } from "../../generator/cli/fuzz/seed.js";
import { TypeScriptDevice } from "../../runtime/index.js";
import { shipped, Workplace } from "../cli/support.js";
import { cpus } from "../support/cpu.js";
import { shippedSpecs } from "./harness.js";
import { mutate, nearestMutations } from "./mutations.js";

describe("lowbit-gen fuzz", () => {
  const workplace = new Workplace();
  const fuzz = (...args: string[]) => workplace.run(["fuzz", ...args]);

  test("runs every invariant and the named device, says so and exits with 0", { timeout: 120_000 }, () => {
    const { code, stdout, stderr } = fuzz(
      shipped("sgdm-8bit"),
      "--device",
      "typescript",
      "--runs",
      "3",
      "--seed",
      "7",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("typescript: TypeScript reference kernels");
    expect(stdout).toContain("webgpu: not run, not asked for");
    for (const name of [
      "levels",
      "packing",
      "finite",
      "zero",
      "zero-scale",
      "isolation",
      "nearest",
      "monotone",
      "sign",
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ok     m\\.${name}: `, "m"));
    }
    expect(stdout).toMatch(/^ {2}ok {5}typescript: equal to the evaluator bit for bit: \d+ tensors$/m);
    expect(stdout).toMatch(/^1 spec, 3 runs a property, seed 7: nothing failed$/m);
  });

  test("runs on WebGPU too where there is an adapter", { timeout: 120_000 }, () => {
    const { code, stdout } = fuzz(shipped("adamw-3bit"), "--runs", "2");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^webgpu: .+/m);
    expect(stdout).toMatch(/^ {2}ok {5}webgpu: within its accuracy class: \d+ tensors/m);
  });

  test.runIf(cpus.length > 0)("compiles for the cpu where that is named", { timeout: 120_000 }, () => {
    const { code, stdout } = fuzz(shipped("adamw-4bit-block"), "--device", "cpu", "--runs", "3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cpu: \d+ threads?, .+$/m);
    expect(stdout).toMatch(/^ {2}ok {5}cpu: equal to the evaluator bit for bit: \d+ tensors$/m);
  });

  test("runs the one property that a seed names", () => {
    const { code, stdout } = fuzz(shipped("sgdm-8bit"), "--device", "typescript", "--seed", "7/m.zero/0");
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}ok/gm)).toHaveLength(1);
  });

  test.each([
    [["--seed", "x"], '--seed is "x": give a whole number from 0 to 2147483647, or what a failure printed'],
    [["--seed", "4294967296"], '--seed is "4294967296"'],
    [["--seed", "7/m.zero/0:x"], '--seed is "7/m.zero/0:x"'],
    [["--seed", "7/m.nothing/0"], "has no property m.nothing here: it has m.levels, "],
    [["--runs", "0"], '--runs is "0": give a whole number from 1'],
    [["--device", "webgl"], 'there is no device "webgl"'],
  ])("refuses %j", (args, message) => {
    const { code, stderr } = fuzz(shipped("sgdm-8bit"), "--device", "typescript", ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("defect");
  });

  test("names a spec that is not there, or not valid", () => {
    const path = workplace.write("wrong.yaml", "name: wrong\nupdate: p = p - q\n");
    const { code, stderr } = fuzz("nowhere.yaml", path);
    expect(code).toBe(1);
    expect(stderr).toContain("nowhere.yaml:1:1: error E101");
    expect(stderr).toContain("wrong.yaml:2:17: error E302");
    expect(fuzz().stderr).toContain("fuzz needs more: lowbit-gen fuzz <...specs>");
  });
});

describe("a failure", () => {
  const text = shippedSpecs(0).find(({ name }) => name === "adamw-4bit-block")?.text ?? "";
  const device = new TypeScriptDevice();
  const run = async (seed: string): Promise<Failure> => {
    const wrong = nearestMutations.find(({ name }) => name === "weight decay dropped");
    const subject = await mutate(text, wrong as (typeof nearestMutations)[number]);
    const check = checksOf(subject, [device]).find(({ name }) => name === "typescript");
    return (await runCheck(check as NonNullable<typeof check>, 50, parseSeed(seed))) as Failure;
  };
  let failure: Failure;
  beforeAll(async () => {
    failure = await run("3");
  });

  test("shrinks to one element and one step", () => {
    const [given] = failure.input as [{ steps: number; tensors: { p: { length: number } }[] }];
    expect(given.steps).toBe(1);
    expect(given.tensors.map(({ p }) => p.length)).toEqual([1]);
  });

  test("says what differs where, with the bits, the input and how to repeat it", () => {
    const lines = describeFailure("spec/x.yaml", failure);
    expect(lines).toMatch(/tensor0, step 1, element 0: the parameter differs/);
    expect(lines).toMatch(/expected: \S+ \(0x[0-9a-f]{8}\)\n\s+found: {4}\S+ \(0x[0-9a-f]{8}\)/);
    expect(lines).toMatch(/input: {4}seed 0, steps 1.*\n\s+tensor0: p is 1 /);
    expect(lines).toMatch(
      /repeat: {3}lowbit-gen fuzz spec\/x\.yaml --device typescript --seed 3\/typescript\/[\d:]+\n/,
    );
  });

  test("is repeated by what it prints", async () => {
    const seed = /--seed (\S+)/.exec(describeFailure("x", failure))?.[1] ?? "";
    const again = await run(seed);
    expect(again.runs).toBe(1);
    expect(again.input).toEqual(failure.input);
    expect((again.error as Error).message).toBe((failure.error as Error).message);
  });
});
