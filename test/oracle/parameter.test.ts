import { expect, test } from "vitest";
import { decodeBf16, decodeF16, fromBits, nearestF16, split, stochasticF16 } from "./index.js";

const random = (i: number): number => Math.imul(i + 1, 0x9e3779b9) >>> 0;
/** Floats of every exponent and sign, with fractions of no pattern and those about a tie. */
const floats = Array.from({ length: 60_000 }, (_, i) => {
  const tail = [0x8000, 0x7fff, 0x8001, 0x80, 0x7f, 0x81, 0, 0xffff][i % 8] as number;
  const bits = random(i);
  return fromBits(i % 3 === 0 ? ((bits & 0xffff0000) | tail) >>> 0 : bits);
}).filter(Number.isFinite);

test("both parts of 32 bits hold a float32 exactly; of 24 bits to within half a unit in its 24th place", () => {
  const wrong = floats.filter((x) => {
    const { value } = split(x, 24, null);
    const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 15);
    const isFar = Number.isFinite(value) && x !== 0 && Math.abs(value - x) > unit / 2;
    return split(x, 32, null).value !== x || isFar;
  });
  expect(wrong).toEqual([]);
});

test("p is the bfloat16 nearest to what both parts stand for, and the correction fits its bits", () => {
  for (const bits of [24, 32] as const) {
    const wrong = floats.filter((x) => {
      const { code, correction, value } = split(x, bits, null);
      const p = decodeBf16(code);
      const neighbours = [code - 1, code + 1].map(decodeBf16).filter(Number.isFinite);
      const isFar =
        Number.isFinite(p) &&
        Number.isFinite(value) &&
        neighbours.some((other) => Math.abs(p - value) > Math.abs(other - value));
      const half = 2 ** (bits - 17);
      return isFar || !Number.isInteger(correction) || correction < -half || correction >= half;
    });
    expect(wrong).toEqual([]);
  }
});

test("splitting what both parts stand for gives them again, however it is rounded", () => {
  const moved = floats.filter((x, i) => {
    const { value } = split(x, 24, null);
    return Number.isFinite(value) && split(value, 24, random(i)).value !== value;
  });
  expect(moved).toEqual([]);
});

test("stochastic rounding to float16 and to 24 bits is right on average and never moves what needs none", () => {
  const draws = 20_000;
  for (const x of [1.0003, -0.3, 3.7e-6, -1e-7, 2e-8, 65510, 0.1]) {
    const value = Math.fround(x);
    let [half, whole] = [0, 0];
    for (let i = 0; i < draws; i++) {
      half += decodeF16(stochasticF16(value, random(i)));
      whole += split(value, 24, random(i)).value;
    }
    const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -14) - 10);
    // Six standard deviations of a mean of draws between neighbours, which is at most half a unit each.
    const most = (6 * unit) / 2 / Math.sqrt(draws);
    if (x < 65504) expect(Math.abs(half / draws - value)).toBeLessThan(most);
    expect(Math.abs(whole / draws - value)).toBeLessThan(most);
  }
  for (let code = 0; code < 0x7c00; code += 7)
    expect(stochasticF16(decodeF16(code), random(code))).toBe(nearestF16(decodeF16(code)));
});
