import { describe, expect, test } from "vitest";
import { resolve } from "../../generator/index.js";
import { keptBy, momentumLimits } from "../../generator/lower/momentum.js";
import { codebook, nearestCode, tableOf } from "../oracle/index.js";

const dynamic = (bits: number): number[] => [...tableOf("dynamic", bits, true)];
const limits = (bits: number) => momentumLimits({ levels: dynamic(bits), rounding: "nearest" });
/** Four times the error of 4 bits, 0.1125: what the published 0.8 gives. */
const NOISE = 0.45;

test("0.8, as published, and 0.9 for 4 bits, dynamic", () => {
  expect(limits(4).scratch).toBeCloseTo(0.8, 6);
  expect(limits(4).fineTuning).toBeCloseTo(0.9, 6);
});

test("an error twice as large halves what beta/(1 - beta) may be", () => {
  // Levels of 2 and 3 bits end at -0.55 and -0.775: what lies beyond is off by most.
  expect([2, 3].map((bits) => limits(bits).error.toFixed(4))).toEqual(["0.4500", "0.2250"]);
  expect(limits(3).scratch).toBeCloseTo(2 / 3, 5);
  expect(limits(2).scratch).toBeCloseTo(1 / 2, 5);
  for (const bits of [2, 3, 4, 5, 6, 7, 8]) {
    const { error, scratch, fineTuning } = limits(bits);
    expect((error * scratch) / (1 - scratch)).toBeCloseTo(NOISE, 5);
    expect(fineTuning).toBeGreaterThan(scratch);
  }
  const { error } = momentumLimits({ levels: dynamic(4), rounding: "stochastic" });
  expect(error).toBeCloseTo(0.225, 6);
});

/** The greatest difference, before rounding, of an average that is rounded after every step from one that is not. */
function noiseOf(beta: number, bits: number, gradient: (step: number) => number): number {
  const book = codebook(tableOf("dynamic", bits, true));
  let [exact, stored, most] = [0, 0, 0];
  for (let step = 0; step < 20_000; step++) {
    const g = gradient(step);
    exact = beta * exact + (1 - beta) * g;
    const seen = beta * stored + (1 - beta) * g;
    most = Math.max(most, Math.abs(seen - exact));
    stored = book.table[nearestCode(seen, book)] as number;
  }
  return most;
}

describe.each([2, 3, 4, 5, 6, 7, 8])("an average rounded to %i bits after every step", (bits) => {
  const { scratch } = limits(bits);

  test("is off by no more than the noise that beta was chosen for", () => {
    let seed = bits;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 31 - 1;
    };
    expect(noiseOf(scratch, bits, random)).toBeLessThanOrEqual(NOISE);
    for (const g of [-1, -0.7, 0.3, 0.99]) expect(noiseOf(scratch, bits, () => g)).toBeLessThanOrEqual(NOISE);
  });

  test("is off by that much where every rounding errs to the same side", () => {
    const { error } = limits(bits);
    let off = 0;
    for (let step = 0; step < 5000; step++) off = scratch * (off + error);
    expect(off).toBeCloseTo(NOISE, 4);
  });
});

test("beta is what a rule keeps a state with", () => {
  const rule = (update: string) => {
    const states = "{ m: { bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 } } }";
    const plan = resolve(`name: x\nhyper: { b: 0.9, lr: 1 }\nstates: ${states}\nupdate: |\n  ${update}\n`);
    if (!plan.ok) throw new Error(JSON.stringify(plan.diagnostics));
    return keptBy("m", plan.value);
  };
  expect(rule("m = b*m + (1 - b)*g\n  p = p - lr*m")).toBe("b");
  expect(rule("m = (1 - b)*g + m*b\n  p = p - lr*m")).toBe("b");
  expect(rule("m = max(b*m, g)\n  p = p - lr*m")).toBeUndefined();
});
