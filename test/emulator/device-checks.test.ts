import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { difference } from "../../bench/device/codes.js";
import { above, BLOCK, Blocks, Layout, type Range, ranges } from "../../bench/device/floats.js";
import { wrongPart } from "../../bench/device/periods.js";
import { type Encode, Steps } from "../../bench/device/steps.js";
import { canRun, FakeDriver } from "../native/support.js";
import { bitsOf, fromBits } from "../oracle/index.js";
import { nvcc } from "./support.js";

const fake = new FakeDriver();
const root = join(import.meta.dirname, "../..");

interface Finished {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

function runWith(environment: NodeJS.ProcessEnv, ...args: string[]): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bench/device/main.js", ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NVCC: nvcc, LOWBIT_FAKE_LOG: "", ...environment },
  });
  return { code: status, lines: stdout.split("\n"), stderr };
}

const run = (...args: string[]): Finished => runWith({}, ...args);

describe.runIf(canRun)("checks of a device", () => {
  test("hold on the emulated one", { timeout: 120_000 }, () => {
    fake.set("BYTES", "4000000");
    const parts = ["graphs", "full", "cycles", "panels", "large"];
    const { code, lines, stderr } = run(...parts, "--elements", "40000", "--cycles", "200");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const counts = parts.map((part) => lines.filter((line) => line.startsWith(`ok    ${part}: `)).length);
    expect(counts).toEqual([8, 5, 2, 3, 4]);
  });

  test("encode floats from everywhere as they should, by all states", { timeout: 180_000 }, () => {
    const { code, lines, stderr } = run("encoders", "drawn", "--elements", "40000");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    // Parameters of two dtypes; 312 blocks of each range.
    const passed = (part: string, floats: number): number =>
      lines.filter(
        (line) => line.startsWith(`ok    ${part}: `) && line.endsWith(` codes of ${floats} floats`),
      ).length;
    // Eight tables beside float32 scales, and all ten beside float16 scales, by which there are floats above 1.
    expect([passed("encoders", 4 * 312 * 127), passed("encoders", 6 * 312 * 127)]).toEqual([16, 20]);
    // Two tables; levels of five quantiles, in blocks of two kinds.
    expect([passed("drawn", 4 * 312 * 127), passed("drawn", 312 * (4 * 127 + 10 * 112))]).toEqual([4, 2]);
    expect(run("encoders", "--bits", "5").stderr).toBe(
      'device: --bits is "5": such states of spec/ have 2, 3, 4, 8\n',
    );
    expect(run("drawn", "--bits", "4").stderr).toBe(
      'device: --bits is "4": such states of spec/ have 2, 3\n',
    );
  });

  test.each([
    // What is above 1 is not held to it.
    ["encoders", "3", "__saturatef(", "("],
    // The lowest of levels that a random word chooses from is one too low, where it is looked for in one table of two.
    ["drawn", "3", "s_next_levels[s_least] ? 1u : 0u", "s_next_levels[s_least] ? 0u : 0u"],
    // Codes by logarithms change a thousandth of a level too early.
    ["drawn", "2", "slope, offset) + s_rest", "slope, offset) + s_rest + 0x00100000u"],
  ])("find kernels that are not right: %s of %s bits, %s", { timeout: 120_000 }, (...given) => {
    const [part, bits, EDIT_FROM, EDIT_TO] = given;
    const edited = { NVCC: join(import.meta.dirname, "edited-nvcc.mjs"), EDIT_FROM, EDIT_TO };
    const { code, lines } = runWith(edited, part, "--bits", bits, "--elements", "40000");
    const found = lines.filter((line) => line.startsWith(`WRONG ${part}: `));
    // One state, with parameters of two dtypes.
    expect({ code, wrong: found.length }).toEqual({ code: 1, wrong: 2 });
    expect(found.join("\n")).toMatch(/ of bits 0x[0-9a-f]+ is 0x[0-9a-f]+ where 0x[0-9a-f]+ should be$/);
  });

  test("say what does not hold, and a wrong call is one line", { timeout: 60_000 }, () => {
    // At the gradient for which there is no memory.
    fake.set("BYTES", "4000000");
    fake.fail("cuMemAlloc_v2", 1, 9);
    const { code, lines } = run("full");
    expect(code).toBe(1);
    expect(lines.join("\n")).toMatch(/^WRONG full: .*CUDA_ERROR_INVALID_VALUE/m);
    expect(run("ful")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^device: there is no part "ful"[^\n]*\n$/),
    });
    expect(run("--elements", "7").stderr).toMatch(/^device: --elements is "7"[^\n]*\n$/);
  });
});

describe("a tensor of periods", () => {
  const values = [3, 1, 4, 1, 5];
  const expected = Float32Array.of(...values, 3, 1);
  const read = (array: Float32Array) => async (from: number, count: number) =>
    array.subarray(from, from + count);

  test.each([null, 0, 7, 14, 16])("with a mistake at %s", async (place) => {
    const found = Float32Array.of(...values, ...values, ...values, 3, 1);
    if (place !== null) found[place] = 9;
    const wrong = await wrongPart("p", { length: 17, times: 3, expected }, read(found));
    if (place === null) expect(wrong).toBeNull();
    else expect(wrong).toMatch(new RegExp(`^p is wrong from ${place} on: 9 where `));
  });

  test("of another length", async () => {
    const wrong = await wrongPart("p", { length: 18, times: 3, expected }, read(new Float32Array(18)));
    expect(wrong).toBe("p has 18 values, and 3 periods would not");
  });
});

describe("floats in blocks", () => {
  const own = (blocks: Blocks): readonly number[] =>
    Array.from({ length: blocks.count }, (_, block) => blocks.first(block));
  const one = new Layout([1]);

  test("are all that are not above 1, infinite ones and those that are no numbers", () => {
    const [positive, odd, negative, oddToo] = ranges as [Range, Range, Range, Range];
    expect([positive, negative].map((range) => range.map(fromBits))).toEqual([
      [0, 1],
      [-0, -1],
    ]);
    expect([odd, oddToo].map(([first, last]) => [fromBits(first), fromBits(last)])).toEqual([
      [Number.POSITIVE_INFINITY, Number.NaN],
      [Number.NEGATIVE_INFINITY, Number.NaN],
    ]);
    expect(ranges.map((range) => new Blocks(range, one, 2 ** 31).floats)).toEqual([
      2 ** 30 - 2 ** 23 + 1,
      2 ** 23,
      2 ** 30 - 2 ** 23 + 1,
      2 ** 23,
    ]);
  });

  test.each([
    [0, 300],
    [0x7f_ffc0, 0x80_0100],
    [0x8000_0000, 0x8000_0080],
    [0x3f7f_ff00, 0x3f80_0000],
  ])("from %i to %i are each there, and twice as large", (first, last) => {
    const blocks = new Blocks([first, last], one, 2 ** 31);
    const halves = new Float32Array(one.neighbours(own(blocks)).buffer).map((value) => value / 2);
    const found = [...halves].filter((_, i) => i % BLOCK !== 0).map(bitsOf);
    expect(halves.filter((_, i) => i % BLOCK === 0).every((value) => value === 1)).toBe(true);
    expect([...new Set(found)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
  });

  test("from 65504 on are those of which twice as much is finite, behind what others all begin with", () => {
    const [positive, negative] = above(65504) as [Range, Range];
    expect([positive, negative].map((range) => range.map(fromBits))).toEqual([
      [65504, 2 ** 127 - 2 ** 103],
      [-65504, -(2 ** 127 - 2 ** 103)],
    ]);
    const layout = new Layout([65504, 3]);
    const blocks = new Blocks(positive, layout, 2 ** 31);
    expect([blocks.count, blocks.floats]).toEqual([
      Math.ceil((positive[1] - positive[0] + 1) / 126),
      positive[1] - positive[0] + 1,
    ]);
    const last = [...new Float32Array(layout.neighbours([blocks.first(blocks.count - 1)]).buffer)];
    expect(last.slice(0, 2)).toEqual([2 * 65504, 6]);
    expect(last.at(-1)).toBe(2 ** 128 - 2 ** 104);
    expect([...new Float32Array(layout.repeated([positive[0]]).buffer)].slice(1, 4)).toEqual([
      6,
      2 * 65504,
      2 * 65504,
    ]);
  });

  test("lie between those that all have, if these are apart", () => {
    const found = [...new Float32Array(new Layout([1, 0.25, 0.5], 2).neighbours([bitsOf(0.75)]).buffer)];
    expect(found.filter((_, i) => i === 0 || i === 2 || i === 4)).toEqual([2, 0.5, 1]);
    expect(found.filter((_, i) => i !== 0 && i !== 2 && i !== 4)).toEqual(
      Array.from({ length: 125 }, (_, i) => 2 * fromBits(bitsOf(0.75) + i)),
    );
  });

  test.each([1, 2, 7, 8, 100])("come in slices of at most %i blocks, each block once", (most) => {
    const blocks = new Blocks([0, 1000], one, 2 ** 31);
    const slices = [...blocks.slices(most)];
    expect(slices.length).toBeGreaterThan(1);
    expect(Math.max(...slices.map(({ firsts }) => firsts.length))).toBe(Math.min(most, 4));
    expect(slices.flatMap(({ firsts }) => firsts)).toEqual(own(blocks));
    expect(slices.map(({ from, firsts }) => firsts[0] === blocks.first(from))).not.toContain(false);
  });

  // One byte an element: 0 below 0.3, 1 below what is next to 0.7, else 2.
  const encode =
    (second: number): Encode =>
    async (doubled) =>
      Buffer.from(
        [...new Float32Array(doubled.buffer)].map((g) => (g / 2 < 0.3 ? 0 : g / 2 < second ? 1 : 2)),
      );
  const near = Math.fround(0.7);
  const range: Range = [bitsOf(0.7) - 3000, bitsOf(0.7) + 3000];

  test.each([2 ** 31, 30 * BLOCK])(
    "have the codes of an encoder, and not another one's: %i",
    async (elements) => {
      const blocks = new Blocks(range, one, elements);
      const all = one.neighbours(own(blocks));
      const steps = await Steps.find(range, one, encode(near));
      const expected = await steps.expected(blocks, { from: 0, firsts: own(blocks) }, encode(near));
      expect(difference(await encode(near)(all), expected, own(blocks))).toBeNull();
      if (elements < 2 ** 31) return;
      const above = fromBits(bitsOf(near) + 1);
      const place = blocks.first(Math.floor((bitsOf(near) - range[0]) / (BLOCK - 1))).toString(16);
      expect(difference(await encode(above)(all), expected, own(blocks))).toMatch(
        new RegExp(`^byte \\d+ of .* of bits 0x${place} is 0x1 where 0x2 should be$`),
      );
    },
  );
});
