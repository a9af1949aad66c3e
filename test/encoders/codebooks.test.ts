import { describe, expect, test } from "vitest";
import { codebookOf } from "../../generator/lower/tables.js";
import { bitsOf, bookOf, thresholds } from "../oracle/index.js";
import { fits, mappings } from "./mappings.js";

const patterns = (values: Iterable<number>): number[] => [...values].map((value) => bitsOf(value + 0));

describe.each(mappings)("%s", (_, mapping) => {
  for (let bits = 1; bits <= 8; bits++) {
    for (const signed of [true, false]) {
      if (!fits(mapping, bits, signed)) continue;
      test(`${bits} bits, ${signed ? "signed" : "unsigned"}: levels and thresholds are the oracle's`, () => {
        const { levels, thresholds: bounds } = codebookOf(mapping, bits, signed);
        const book = bookOf(mapping, bits, signed);
        const different = book.table.length;
        expect(patterns(levels.slice(0, different))).toEqual(patterns(book.table));
        expect(levels.slice(different)).toEqual(Array(2 ** bits - different).fill(1));
        expect(patterns(bounds)).toEqual(patterns(book.thresholds));
        expect(levels.at(-1)).toBe(1);
        expect(book.table.every((level, k) => k === 0 || level > (book.table[k - 1] as number))).toBe(true);
        expect(levels.every((level) => level === 0 || Math.abs(level) >= 2 ** -126)).toBe(true);
        // A threshold lies above the level below it, and not above the next.
        expect(
          bounds.every((bound, k) => bound > (levels[k] as number) && bound <= (levels[k + 1] as number)),
        ).toBe(true);
      });
    }
  }
});

test("a companded threshold is halfway on the grid, written out", () => {
  // Grid 0, 1/3, 2/3, 1: midpoints 1/6, 1/2, 5/6.
  const squares = bookOf({ compand: "sqrt", grid: "linear" }, 2, false);
  expect([...squares.table]).toEqual([0, 1 / 9, 4 / 9, 1].map(Math.fround));
  const near = [1 / 36, 1 / 4, 25 / 36];
  expect([...squares.thresholds].every((bound, k) => Math.abs(bound - (near[k] as number)) < 1e-7)).toBe(
    true,
  );
  expect([...squares.thresholds]).not.toEqual([...thresholds(squares.table)]);
  // Grid -1, 0, 1 of two signed bits.
  const softsign = bookOf({ compand: "softsign", grid: "linear" }, 2, true);
  expect([...softsign.table]).toEqual([-1, 0, 1]);
  expect([...softsign.thresholds].map((bound) => Math.abs(bound - Math.sign(bound) / 3) < 1e-7)).toEqual([
    true,
    true,
  ]);
  const mu = bookOf({ compand: "mu-law", grid: "linear" }, 2, false);
  expect(mu.table[1]).toBeCloseTo((256 ** (1 / 3) - 1) / 255, 7);
});

test("published floats, over their largest value", () => {
  const e4m3 = bookOf({ float: { exponent: 4, largest: 448 } }, 8, true).table;
  // OCP 8-bit formats: 448 = 1.75 * 2^8, the least positive one 2^-9; 126 positive values beside NaN.
  expect([e4m3.length, e4m3[127], e4m3.at(-2)]).toEqual([
    253,
    Math.fround(2 ** -9 / 448),
    Math.fround(416 / 448),
  ]);
  const e5m2 = bookOf({ float: { exponent: 5, largest: 57344 } }, 8, true).table;
  expect([e5m2.length, e5m2.at(-2)]).toEqual([247, Math.fround(49152 / 57344)]);
  // Microscaling's e2m1: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
  const e2m1 = bookOf({ float: { exponent: 2 } }, 4, true).table;
  expect([...e2m1.slice(7)]).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6].map((value) => Math.fround(value / 6)));
});
