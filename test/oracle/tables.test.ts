import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { bitsOf, fromBits, nextUp } from "./arithmetic.js";
import { dynamic, linear, tableOf, thresholds } from "./tables.js";

const goldens = readGoldens("codebooks.safetensors");
const pattern = (table: Float32Array) => Array.from(table, bitsOf);

const compared = new Set<string>();

/** The published table; a shorter one is padded there by repeating its last entry. */
function golden(name: string, bits: number): number[] {
  compared.add(`codebook/${name}`);
  const table = goldens.f32(`codebook/${name}`);
  const size = 2 ** bits;
  expect(new Set(table.subarray(size - 1)).size).toBe(1);
  return pattern(table.subarray(0, size));
}

const signs = [
  { signed: true, letter: "s", word: "signed" },
  { signed: false, letter: "u", word: "unsigned" },
];

describe("published tables, bit for bit", () => {
  for (const { signed, letter, word } of signs) {
    for (const bits of [2, 3, 4, 5, 6, 7, 8]) {
      test(`lpmm, ${bits} bits, ${word}`, () => {
        expect(pattern(dynamic(bits, signed))).toEqual(golden(`lpmm_nonlinear/${bits}/${letter}`, bits));
        expect(pattern(linear(bits, signed))).toEqual(golden(`lpmm_power-1/${bits}/${letter}`, bits));
        // Theirs without zero has its least level twice; with a sign it has zero all the same.
        const noZero = golden(`lpmm_nonlinear-nozero/${bits}/${letter}`, bits);
        expect(
          signed ? pattern(dynamic(bits, true)) : [noZero[0], ...pattern(dynamic(bits, false, false))],
        ).toEqual(noZero);
        for (const power of [2, 3]) {
          expect(pattern(tableOf({ power }, bits, signed))).toEqual(
            golden(`lpmm_power-${power}/${bits}/${letter}`, bits),
          );
        }
      });
    }
    for (const bits of [2, 3, 4, 8]) {
      test(`SOLO, ${bits} bits, ${word}`, () => {
        expect(pattern(dynamic(bits, signed))).toEqual(golden(`solo_${bits}bit/${word}_de`, bits));
        expect(pattern(linear(bits, signed))).toEqual(golden(`solo_${bits}bit/${word}_linear`, bits));
      });
    }
    test(`bitsandbytes and torchao, ${word}`, () => {
      expect(pattern(dynamic(8, signed))).toEqual(golden(`bnb_dynamic8/${letter}`, 8));
      expect(pattern(dynamic(8, signed))).toEqual(golden(`ao8/${letter}`, 8));
      const four = signed ? dynamic(4, true) : linear(4, false);
      expect(pattern(four)).toEqual(golden(`ao4/${letter}`, 4));
    });
  }
});

test("every table of the file was compared; lpmm's floats, of other subnormals, in test/peers", () => {
  const names = goldens.names.filter((name) => !name.startsWith("codebook/lpmm_float-point"));
  expect([...compared].sort()).toEqual(names.sort());
});

describe("every table", () => {
  const mappings = ["dynamic", { linear: { zero: false } }, { linear: { zero: true } }] as const;
  for (const mapping of mappings) {
    for (const { signed, word } of signs) {
      test.each([1, 2, 3, 4, 5, 6, 7, 8])(`${JSON.stringify(mapping)} ${word}, %i bits`, (bits) => {
        const table = tableOf(mapping, bits, signed);
        expect(table).toHaveLength(2 ** bits);
        expect(table.every((level, k) => k === 0 || (table[k - 1] as number) < level)).toBe(true);
        expect(table.at(-1)).toBe(1);
        expect(table[0]).toBeGreaterThanOrEqual(signed ? -1 : 0);
        const holdsZero = mapping === "dynamic" || mapping.linear.zero;
        expect(table.includes(0)).toBe(holdsZero);
      });
    }
  }

  test("linear with zero, written out", () => {
    expect(linear(2, false, true)).toEqual(Float32Array.of(0, 1 / 3, 2 / 3, 1));
    expect(linear(2, true, true)).toEqual(Float32Array.of(-0.5, 0, 0.5, 1));
  });
});

describe("thresholds", () => {
  test("a midpoint that is a float32 is the threshold; another is rounded up", () => {
    const above = nextUp(1);
    expect(thresholds(Float32Array.of(0, 1, above))).toEqual(Float32Array.of(0.5, above));
    expect(thresholds(Float32Array.of(-above, -1))).toEqual(Float32Array.of(-1));
    expect(thresholds(Float32Array.of(-1, 1))).toEqual(Float32Array.of(0));
  });

  test("neighbours too far apart for float64 to add", () => {
    const tiny = fromBits(1);
    expect(thresholds(Float32Array.of(tiny, 2))).toEqual(Float32Array.of(nextUp(1)));
    expect(thresholds(Float32Array.of(-tiny, 2))).toEqual(Float32Array.of(1));
    expect(thresholds(Float32Array.of(0, tiny))).toEqual(Float32Array.of(tiny));
    expect(thresholds(Float32Array.of(-tiny, 0))).toEqual(Float32Array.of(-0));
  });
});
