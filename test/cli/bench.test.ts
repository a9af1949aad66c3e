import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { countBytes } from "../../generator/cli/bench/bytes.js";
import { explainMemory, refuseTooLargeForHost } from "../../generator/cli/bench/memory.js";
import type { BenchFile, BenchResult } from "../../generator/cli/bench/result.js";
import { type ShapesName, shapes } from "../../generator/cli/bench/shapes.js";
import { summarize } from "../../generator/cli/bench/statistics.js";
import { formatResults } from "../../generator/cli/bench/table.js";
import { compile } from "../../generator/cli/library.js";
import { loadAddon } from "../../runtime/native/addon.js";
import { instantiate } from "../peers/instance.js";
import { cpus } from "../support/cpu.js";
import { shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const devices = ["typescript", ...(cpus.length > 0 ? ["cpu"] : [])];

/** What `--json` writes, and what is printed. */
function run(...args: string[]): { readonly file: BenchFile; readonly stdout: string } {
  const { code, stdout, stderr } = workplace.run(["bench", ...args, "--json", "bench.json"]);
  expect({ code, stderr: stderr.match(/^lowbit-gen: .*/m)?.[0] }).toEqual({ code: 0, stderr: undefined });
  return { file: JSON.parse(workplace.read("bench.json")) as BenchFile, stdout };
}

describe.each(devices)("on %s", (device) => {
  const { file, stdout } = run(
    ...[shipped("adamw-32bit"), shipped("adamw-3bit"), shipped("adamw-4bit")],
    ...["--device", device, "--shapes", "small", "--shrink", "1500", "--steps", "3", "--warmup", "1"],
  );

  test("bytes are those counted by hand, of two tensors of 128 x 128", () => {
    const n = 2 * 16_384;
    const p = 2 * 4 * n;
    const g = 4 * n;
    // Two float32.
    const whole = 2 * (2 * 4 * n);
    // Two states of 3 bits with a float32 a block of 128 elements.
    const three = 2 * (2 * ((3 * n) / 8 + 4 * (n / 128)));
    // One of 4 bits with a float32 a block of 128; one of 4 bits with a float32 a row and a column of each tensor.
    const four = 2 * (n / 2 + 4 * (n / 128)) + 2 * (n / 2 + 2 * 4 * (128 + 128));
    // The maxima of v are measured by a pass that reads g and the codes of v, and are kept for one step.
    expect(file.results.map(({ bytes }) => bytes)).toEqual([
      { parameters: p, gradients: g, states: whole, counted: p + g + whole, extraReads: 0, memory: 16 * n },
      {
        parameters: p,
        gradients: g,
        states: three,
        counted: p + g + three,
        extraReads: 0,
        memory: 8 * n + three / 2,
      },
      {
        parameters: p,
        gradients: g,
        states: four,
        counted: p + g + four,
        extraReads: 4.5 * n,
        memory: 8 * n + four / 2 + 2 * 4 * (128 + 128),
      },
    ]);
  });

  test("the file names what was measured on what", () => {
    expect(file).toMatchObject({
      format: 1,
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      commit: expect.stringMatching(/^([\da-f]{7,}\+?|unknown)$/),
      cores: expect.any(Number),
      device: { kind: device, name: expect.any(String), timing: "wall time", copy: expect.any(String) },
      turns: { steps: 3, warmup: 1 },
    });
    expect(file.results.map(({ spec }) => spec)).toEqual(["adamw-32bit", "adamw-3bit", "adamw-4bit"]);
    for (const { spec, ...result } of file.results) {
      const plan = readFileSync(join(shipped(spec), "../../generated", spec, "index.js"), "utf8");
      expect(plan).toContain(result.specHash);
      expect(result).toMatchObject({
        math: "exact",
        shapes: "small",
        shrink: 1500,
        param: "f32",
        grad: "f32",
      });
      expect(result).toMatchObject({ tensors: 2, parameters: 32_768 });
    }
  });

  test("times and rates are of each other", () => {
    for (const { stepMilliseconds: step, host, copy, bytes, ...result } of file.results) {
      expect(step.min).toBeGreaterThan(0);
      expect(host.milliseconds.min).toBeGreaterThan(0);
      expect(host.milliseconds.max).toBeLessThanOrEqual(step.max);
      expect(host.lateSteps).toBe(0);
      expect(step.median).toBeGreaterThanOrEqual(step.min);
      expect(step.max).toBeGreaterThanOrEqual(step.median);
      // Two arrays of 2^26 float32.
      expect(copy.bytes).toBe(2 ** 29);
      expect(copy.gigabytesPerSecond).toBeCloseTo(copy.bytes / copy.milliseconds.median / 1e6, 6);
      expect(result.gigabytesPerSecond).toBeCloseTo(bytes.counted / step.median / 1e6, 6);
      expect(result.fraction).toBeCloseTo(result.gigabytesPerSecond / copy.gigabytesPerSecond, 6);
      const extra = (bytes.counted + bytes.extraReads) / bytes.counted;
      expect(result.fractionWithExtraReads).toBeCloseTo(result.fraction * extra, 6);
    }
  });

  test("a row of the table each", () => {
    expect(stdout).toMatch(new RegExp(`^${device}: `));
    expect(stdout).toMatch(/ adamw-32bit │ small \/ 1500 │ f32, exact │.*│ +0\.918 │/);
    expect(stdout).toMatch(/ adamw-3bit +│ small \/ 1500 │ f32, exact │.*│ +0\.446 │/);
    expect(stdout).toMatch(/ adamw-4bit +│ small \/ 1500 │ f32, exact │.*│ 0\.465 \+ 0\.147 │/);
    expect(stdout).toContain("Steps: wall time; 3 after 1, caches overwritten before each.");
    expect(stdout).toMatch(/^Host: a call of step returns after \S+ to \S+ ms \(medians\)\.$/m);
  });
});

test("steps that waited for the host are named", () => {
  const { file } = run(
    shipped("sgdm-8bit"),
    "--device",
    "typescript",
    "--shapes",
    "small",
    "--shrink",
    "2000",
  );
  const [result] = file.results as [BenchResult];
  const quick = { ...result, host: { milliseconds: { min: 0.01, median: 0.01, max: 0.01 }, lateSteps: 0 } };
  const slow = { ...result, host: { milliseconds: { min: 2, median: 2.5, max: 3 }, lateSteps: 4 } };
  const text = formatResults({ ...file, results: [quick, slow] });
  expect(text).toContain(
    "Host: a call of step returns after 0.0100 to 2.50 ms (medians); steps in which the device waited for it: 4 of sgdm-8bit, small.",
  );
});

test("on webgpu the time is that from an idle queue to an idle queue", () => {
  const [spec, shapes] = [shipped("sgdm-8bit"), ["--shapes", "small", "--shrink", "2000"]];
  const { file } = run(spec, "--device", "webgpu", ...shapes, "--steps", "1", "--warmup", "1");
  expect(file.device).toMatchObject({ kind: "webgpu", copy: "copyBufferToBuffer" });
  expect(file.device.timing).toContain("from an idle queue to an idle queue");
  const n = 16_384;
  expect(file.results[0]!.bytes.counted).toBe(12 * n + 2 * (n + 4 * (n / 256)));
});

test("--param is for specs that say nothing of their parameters", () => {
  const options = ["--device", "typescript", "--shapes", "small", "--shrink", "2000", "--steps", "1"];
  const [half] = run(shipped("sgdm-8bit"), ...options, "--param", "bf16").file.results;
  const n = 16_384;
  expect(half).toMatchObject({ param: "bf16", grad: "bf16" });
  expect(half!.bytes).toMatchObject({ parameters: 4 * n, gradients: 2 * n, states: 2 * (n + 4 * (n / 256)) });

  const [fast] = run(shipped("sgdm-8bit"), ...options, "--math", "fast").file.results;
  expect(fast).toMatchObject({ math: "fast", specHash: half!.specHash });

  workplace.write("two-parts.yaml", `${specText()}param: { dtype: bf16, master: 24 }\n`);
  const [parts] = run("two-parts.yaml", ...options).file.results;
  // 4 bits with a float32 for each block of 32, and 8 bits of the correction.
  expect(parts!.bytes).toMatchObject({
    parameters: 4 * n,
    gradients: 2 * n,
    states: 2 * (n / 2 + 4 * (n / 32) + n),
  });
  const { code, stderr } = workplace.run(["bench", "two-parts.yaml", ...options, "--param", "f16"]);
  expect(code).toBe(1);
  expect(stderr).toContain("tiny says how its parameters of bf16 are rounded, and --param f16 would be");
});

test.skipIf(cpus.length === 0)("the copy on all threads writes every byte and no other", () => {
  const { cpu } = loadAddon();
  const pool = cpu.createPool(3);
  for (const n of [0, 1, 5, 16_383, 16_384, 16_385, 100_003]) {
    const to = new Float32Array(n + 2);
    const from = Float32Array.from(to, (_, i) => i + 1);
    cpu.copy(pool, to.subarray(1, n + 1), from.subarray(1, n + 1));
    expect([to[0], to[n + 1]]).toEqual([0, 0]);
    expect(to.subarray(1, n + 1)).toEqual(from.subarray(1, n + 1));
  }
});

test("shapes are those of the models", () => {
  const sizes = (name: ShapesName, shrink: number): readonly [tensors: number, parameters: number] => {
    const tensors = shapes[name](shrink);
    expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
    const lengths = tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    return [tensors.length, lengths.reduce((sum, length) => sum + length, 0)];
  };
  // As transformers counts gpt2.
  expect(sizes("gpt2", 1)).toEqual([148, 124_439_808]);
  const layer = 4 * 4096 ** 2 + 3 * 4096 * 11_008 + 2 * 4096;
  expect(sizes("llama", 1)).toEqual([57, 6 * layer + 2 * 32_000 * 4096 + 4096]);
  expect(sizes("small", 1)).toEqual([2000, 2000 * 128 * 128]);
  expect(sizes("one", 1)).toEqual([1, 2 ** 28]);
  expect(sizes("one", 3)).toEqual([1, 5462 * 16_384]);
  expect(sizes("small", 2001)).toEqual([1, 128 * 128]);
  // Per layer: 4 matrices of one row, and the vectors.
  const row = 2304 + 768 + 3072 + 768;
  expect(sizes("gpt2", 1e6)).toEqual([148, 12 * (row + 4 * 768 + 2304 + 768 + 3072 + 768) + 4 * 768]);
});

test("what is not full counts as it is allocated", async () => {
  const compiled = compile(specText(), { targets: ["typescript"] });
  const { descriptor } = await instantiate(compiled);
  // Codes in words and scales for blocks that are not full: 33 elements are 5 words and 2 blocks.
  const { states } = countBytes(compiled, descriptor, [{ name: "w", shape: [33] }]);
  expect(states).toBe(2 * (4 * 5 + 4 * 2));
});

test("the median of an even number is between the two in the middle", () => {
  expect(summarize([4, 1, 3, 100])).toEqual({ min: 1, median: 3.5, max: 100 });
  expect(summarize([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(summarize([7])).toEqual({ min: 7, median: 7, max: 7 });
});

describe("memory that does not suffice is said beforehand, with what to do", () => {
  const load = { spec: "tiny", shapes: "llama", shrink: 2, onDevice: 8e9, onHost: 3e9 } as const;
  test.each([
    [
      "typescript",
      7e9,
      /^tiny on the shapes llama with --shrink 2 needs 8\.0 GB of memory, and 7\.0 GB are free/,
    ],
    [
      "cuda",
      2e9,
      /needs 3\.0 GB of memory of the host, and 2\.0 GB are free: .* or --shrink 4 for fewer rows$/,
    ],
  ] as const)("%s", (kind, available, message) => {
    expect(() => refuseTooLargeForHost(load, { kind }, available)).toThrow(message);
    expect(() => refuseTooLargeForHost(load, { kind }, 8e9)).not.toThrow();
  });

  test("and so is that of a device", () => {
    expect(explainMemory({ ...load, shrink: 1 }, new Error("no room")).message).toBe(
      "tiny on the shapes llama needs 8.0 GB of memory: no room. Here, choose other --shapes, or --shrink 3 for fewer rows",
    );
  });
});

describe("a wrong call is one line, and nothing is written", () => {
  const spec = shipped("adamw-32bit");
  workplace.write("folder/file", "");
  const wrong: [string, string[], string][] = [
    ["unknown shapes", [spec, "--shapes", "gpt3"], 'there is no set of shapes "gpt3": did you mean gpt2?'],
    ["an unknown device", [spec, "--device", "tpu"], 'there is no device "tpu"'],
    ["a dtype that is none", [spec, "--param", "f64"], 'there is no dtype "f64": allowed: f32, bf16, f16'],
    ["a math that is none", [spec, "--math", "quick"], 'there is no math "quick": allowed: exact, fast'],
    ["no steps", [spec, "--steps", "0"], '--steps is "0": give a whole number from 1'],
    ["no warm-up", [spec, "--warmup", "0"], '--warmup is "0": give a whole number from 1'],
    ["a part of a step", [spec, "--steps", "1.5"], '--steps is "1.5"'],
    ["nothing left of the shapes", [spec, "--shrink", "0"], '--shrink is "0": give a whole number from 1'],
    ["a folder for the file", [spec, "--json", "folder"], "--json folder is a folder: name a file"],
    [
      "a file below a file",
      [spec, "--json", "folder/file/x"],
      "folder/file is a file, and a folder is needed",
    ],
    ["no specs", [], "there are no specs in spec/"],
    ["a spec that is not there", ["nope.yaml"], "cannot read nope.yaml"],
  ];

  test.each(wrong)("%s", (_, args, message) => {
    const { code, stdout, stderr } = workplace.run([
      "bench",
      ...args,
      ...(args.includes("--json") ? [] : ["--json", "x.json"]),
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(existsSync(join(workplace.folder, "x.json"))).toBe(false);
  });

  test("a device that is not there", () => {
    const none = { LOWBIT_CUDA_DRIVER: "/nowhere/libcuda.so.1", LOWBIT_ADDON: "/nowhere/lowbit.node" };
    const { code, stderr } = workplace.run(["bench", spec, "--device", "cuda"], none);
    expect(code).toBe(1);
    expect(stderr).toContain("the native addon was not built (there is no /nowhere/lowbit.node)");
  });
});
