import { describe, expect, test } from "vitest";
import { floatValues } from "../../generator/lower/float-format.js";
import { levelsOf } from "../../generator/lower/tables.js";
import type { MappingSpec } from "../../spec/schema.js";
import { readGoldens } from "../goldens/read.js";

const goldens = readGoldens("codebooks.safetensors");
const BITS = [2, 3, 4, 5, 6, 7, 8];
const signs = [
  { letter: "s", word: "signed", signed: true },
  { letter: "u", word: "unsigned", signed: false },
];

/** Bits of the exponent of lpmm's floats: without a sign, and with one. */
const exponents: Readonly<Record<number, readonly [number, number]>> = {
  2: [1, 1],
  3: [2, 2],
  4: [2, 2],
  5: [3, 3],
  6: [3, 3],
  7: [4, 4],
  8: [4, 4],
};

const compared = new Set<string>();

/** lpmm and SOLO pad tables of fewer than 16 levels by repeating the last. */
function expectLevels(name: string, mapping: MappingSpec, bits: number, signed: boolean): void {
  compared.add(`codebook/${name}`);
  const golden = goldens.f32(`codebook/${name}`);
  const levels = Float32Array.from(levelsOf(mapping, bits, signed));
  expect(levels).toEqual(golden.slice(0, 2 ** bits));
  expect([...golden.slice(2 ** bits)].every((level) => level === levels.at(-1))).toBe(true);
}

describe.each(signs)(
  "tables equal the published codebooks bit for bit, $word",
  ({ letter, word, signed }) => {
    test("bitsandbytes, 8-bit dynamic", () => expectLevels(`bnb_dynamic8/${letter}`, "dynamic", 8, signed));

    test("torchao, 4 and 8 bits; its unsigned 4-bit table is linear", () => {
      expectLevels(`ao8/${letter}`, "dynamic", 8, signed);
      expectLevels(`ao4/${letter}`, signed ? "dynamic" : "linear", 4, signed);
    });

    test.each(BITS)("lpmm, %i bits", (bits) => {
      expectLevels(`lpmm_nonlinear/${bits}/${letter}`, "dynamic", bits, signed);
      expectLevels(`lpmm_power-1/${bits}/${letter}`, { linear: { zero: false } }, bits, signed);
      const noZero = `codebook/lpmm_nonlinear-nozero/${bits}/${letter}`;
      compared.add(noZero);
      const golden = goldens.f32(noZero).slice(0, 2 ** bits);
      // Theirs has its least level twice; with a sign it has zero all the same.
      const levels = signed
        ? levelsOf("dynamic", bits, true)
        : levelsOf({ dynamic: { zero: false } }, bits, false);
      expect(signed ? levels : [levels[0], ...levels]).toEqual([...golden]);
      for (const power of [1, 2, 3])
        expectLevels(`lpmm_power-${power}/${bits}/${letter}`, { power }, bits, signed);
    });

    test.each(BITS)("lpmm's floats, %i bits, but for its subnormals", (bits) => {
      const name = `codebook/lpmm_float-point/${bits}/${letter}`;
      compared.add(name);
      const golden = goldens.f32(name);
      // It has so many bits of exponent, and steps of another size below the lowest one; it has two zeros with a sign.
      const exponent = exponents[bits]?.[signed ? 1 : 0] as number;
      const levels = levelsOf({ float: { exponent } }, bits, signed);
      const values = floatValues({ exponent }, bits, signed);
      const least = 2 ** (2 - 2 ** (exponent - 1)) / (values.at(-1) as number);
      const normal = (level: number): boolean => Math.abs(level) >= Math.fround(least) || level === 0;
      const published = new Set([...golden].map((level) => level + 0).filter(normal));
      expect(levels.filter(normal)).toEqual([...published].sort((a, b) => a - b));
      expect(levels.length).toBe(new Set([...golden].map((level) => level + 0)).size);
    });

    test.each([2, 3, 4, 8])("SOLO, %i bits", (bits) => {
      expectLevels(`solo_${bits}bit/${word}_de`, "dynamic", bits, signed);
      expectLevels(`solo_${bits}bit/${word}_linear`, "linear", bits, signed);
    });
  },
);

test("every published codebook is compared", () => {
  expect([...compared].sort()).toEqual([...goldens.names].sort());
});
