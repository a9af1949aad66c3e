import { expect, test } from "vitest";
import { exp2, log2 } from "../../generator/build/logarithm.js";
import { Names } from "../../generator/build/names.js";
import { FragmentWriter } from "../../generator/build/writer.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { typed } from "../../generator/ir/expr.js";
import { fromBits, ordinal } from "../oracle/index.js";

/** A function of IR operations, by the evaluator. */
function compiled(build: typeof log2): (x: number) => number {
  const writer = new FragmentWriter(new Names(["x", "y"]));
  const [x, y] = [typed("x", "f32"), typed("y", "f32")];
  writer.define(y, build(writer.input(x), "f", writer));
  const evaluation = new Evaluation([]);
  const run = evaluation.compile(writer.finish(y));
  const [given, found] = [evaluation.cell(x), evaluation.cell(y)];
  return (value) => {
    given.value = value;
    run();
    return found.value;
  };
}

const ulpOf = (value: number): number => 2 ** (Math.floor(Math.log2(Math.abs(value))) - 23);
const [log, exp] = [compiled(log2), compiled(exp2)];

/** The greatest error in units of the last place over every `stride`th float32 of an interval, which must not descend. */
function worst(
  of: (x: number) => number,
  exact: (x: number) => number,
  from: number,
  to: number,
  stride: number,
) {
  let [most, last] = [0, Number.NEGATIVE_INFINITY];
  for (let bits = ordinal(from); bits <= ordinal(to); bits += stride) {
    const x = fromBits(bits);
    const [found, value] = [of(x), exact(x)];
    if (!(found >= last)) throw new Error(`descends at ${x}`);
    last = found;
    if (value !== 0) most = Math.max(most, Math.abs(found - value) / ulpOf(value));
  }
  return most;
}

test("log2 is within 1.4 ulp, most beside 1, and never descends", { timeout: 60_000 }, () => {
  expect(worst(log, Math.log2, 0.5, 1, 61)).toBeLessThan(1.4);
  expect(worst(log, Math.log2, 1, 2, 61)).toBeLessThan(1.4);
  expect(worst(log, Math.log2, 1 - 2 ** -10, 1, 1)).toBeLessThan(1.4);
  expect(worst(log, Math.log2, 2 ** -126, 1, 9973)).toBeLessThan(1.4);
});

test("log2 is exact at powers of two, and exp2 at whole numbers", () => {
  for (let k = 0; k >= -126; k--) {
    expect(log(2 ** k)).toBe(k);
    expect(exp(k)).toBe(2 ** k);
  }
});

test("exp2 is within 1.2 ulp and never descends", { timeout: 60_000 }, () => {
  const negative = (y: number): number => exp(-y);
  let most = 0;
  for (let bits = ordinal(2 ** -30); bits <= ordinal(126); bits += 9973) {
    const y = fromBits(bits);
    const exact = 2 ** -y;
    most = Math.max(most, Math.abs(negative(y) - exact) / ulpOf(exact));
  }
  expect(most).toBeLessThan(1.2);
  let last = 1;
  for (let bits = ordinal(1); bits < ordinal(2); bits += 61) {
    const found = negative(fromBits(bits));
    if (found > last) throw new Error(`ascends at ${fromBits(bits)}`);
    last = found;
  }
});
