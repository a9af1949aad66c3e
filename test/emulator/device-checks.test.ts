import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { wrongPart } from "../../bench/device/periods.js";
import { canRun, FakeDriver } from "../native/support.js";
import { nvcc } from "./support.js";

const fake = new FakeDriver();
const root = join(import.meta.dirname, "../..");

function run(...args: string[]): {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/bench/device/main.js", ...args], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NVCC: nvcc, LOWBIT_FAKE_LOG: "" },
  });
  return { code: status, lines: stdout.split("\n"), stderr };
}

describe.runIf(canRun)("checks of a device", () => {
  test("hold on the emulated one", { timeout: 120_000 }, () => {
    fake.set("BYTES", "4000000");
    const { code, lines, stderr } = run("--elements", "40000", "--cycles", "200");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const counts = ["graphs", "full", "cycles", "panels", "large"].map(
      (part) => lines.filter((line) => line.startsWith(`ok    ${part}: `)).length,
    );
    expect(counts).toEqual([8, 5, 2, 3, 4]);
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
