import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitsOf, fromBits } from "./arithmetic.js";
import { decodeBf16, nearestBf16, stochasticBf16 } from "./bfloat16.js";
import { codebook, decode, encode, measure, nearestCode, stochasticCode } from "./codec.js";
import { pack, unpack } from "./packing.js";
import { type Mapping, tableOf } from "./tables.js";

describe("packing", () => {
  test("written out: three bits, one code across a word", () => {
    const codes = [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 5];
    expect([...pack(codes, 3)]).toEqual([0b01_010_001_000_111_110_101_100_011_010_001, 0b1]);
    expect(pack([], 3)).toHaveLength(0);
    expect([...pack([0x1234, 0xabcd, 0x0001], 16)]).toEqual([0xabcd1234, 0x00000001]);
  });

  test("what is unpacked is what was packed, in as few words as hold it", () => {
    const bits = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 16);
    const run = bits.chain((b) => fc.tuple(fc.constant(b), fc.array(fc.nat(2 ** b - 1), { maxLength: 100 })));
    fc.assert(
      fc.property(run, ([b, codes]) => {
        const words = pack(codes, b);
        expect(words).toHaveLength(Math.ceil((codes.length * b) / 32));
        expect([...unpack(words, b, codes.length)]).toEqual(codes);
        // The whole stream as one number, by the definition.
        const stream = codes.reduce((sum, code, i) => sum + (BigInt(code) << BigInt(i * b)), 0n);
        expect(words.reduce((sum, word, i) => sum + (BigInt(word) << BigInt(i * 32)), 0n)).toBe(stream);
      }),
    );
  });
});

describe("bfloat16", () => {
  test("ties go to even, NaN stays a quiet NaN, infinities stay", () => {
    expect(nearestBf16(fromBits(0x3f808000))).toBe(0x3f80);
    expect(nearestBf16(fromBits(0x3f818000))).toBe(0x3f82);
    expect(nearestBf16(fromBits(0x3f808001))).toBe(0x3f81);
    expect(nearestBf16(fromBits(0xff7fffff))).toBe(0xff80);
    for (const half of [nearestBf16, (x: number) => stochasticBf16(x, 0xffff)]) {
      expect(half(Number.NaN) & 0x7fc0).toBe(0x7fc0);
      expect(half(Number.POSITIVE_INFINITY)).toBe(0x7f80);
      expect(half(Number.NEGATIVE_INFINITY)).toBe(0xff80);
    }
  });

  test("stochastic: up in magnitude for as many of 65,536 random halves as the cut-off bits say", () => {
    for (const x of [
      fromBits(0x3f801234),
      fromBits(0xbf80ffff),
      fromBits(0x00000001),
      fromBits(0x40000000),
    ]) {
      let up = 0;
      for (let r = 0; r < 65536; r++) up += stochasticBf16(x, (r | 0xabc00000) >>> 0) - (bitsOf(x) >>> 16);
      expect(up).toBe(bitsOf(x) & 0xffff);
    }
    expect(decodeBf16(0xc040)).toBe(-3);
  });
});

describe("codes", () => {
  const mappings: Mapping[] = ["dynamic", { linear: { zero: false } }, { linear: { zero: true } }];
  const tables = fc
    .tuple(fc.constantFrom(...mappings), fc.integer({ min: 1, max: 8 }), fc.boolean())
    .map(([mapping, bits, signed]) => tableOf(mapping, bits, signed));
  const near = fc.oneof(
    fc.float({ min: -1.5, max: 1.5, noNaN: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );

  test("nearest: no level is nearer, and of two equally near ones it is the upper", () => {
    // Every finite float32 is an integer times 2^-149.
    const exact = (x: number) => BigInt(x * 2 ** 149);
    fc.assert(
      fc.property(tables, near, (table, n) => {
        const distances = Array.from(table, (level) => exact(level) - exact(n)).map((d) => (d < 0n ? -d : d));
        const least = distances.reduce((a, b) => (a < b ? a : b));
        expect(nearestCode(n, codebook(table))).toBe(distances.lastIndexOf(least));
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  test("stochastic: a neighbour always, the level itself at a level, the ends outside", () => {
    fc.assert(
      fc.property(tables, near, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (table, n, random) => {
        const level = table[stochasticCode(n, codebook(table), random)] as number;
        const inside = Math.min(Math.max(n, table[0] as number), table.at(-1) as number);
        const below = Math.max(...table.filter((x) => x <= inside));
        const above = Math.min(...table.filter((x) => x >= inside));
        expect(level === below || level === above).toBe(true);
      }),
      { seed: 2, numRuns: 5000 },
    );
  });

  test("not finite: NaN and -infinity are code 0, infinity is the top", () => {
    const book = codebook(tableOf("dynamic", 3, true));
    for (const code of [nearestCode, (n: number) => stochasticCode(n, book, 0)]) {
      expect(code(Number.NaN, book)).toBe(0);
      expect(code(Number.NEGATIVE_INFINITY, book)).toBe(0);
      expect(code(Number.POSITIVE_INFINITY, book)).toBe(7);
    }
  });

  test("stochastic: up with the probability of the distance", () => {
    const book = codebook(Float32Array.of(0, 0.25, 0.5, 1));
    const draws = 4096;
    for (const n of [0.25, 0.3125, 0.5625, 0.9375]) {
      let sum = 0;
      for (let k = 0; k < draws; k++) sum += book.table[stochasticCode(n, book, k * 2 ** 20)] as number;
      expect(sum / draws).toBe(n);
    }
  });
});

test("measure skips what is not finite, and a subnormal absmax counts as 0", () => {
  const x = Float32Array.of(1, Number.NaN, -3, Number.POSITIVE_INFINITY, 1e-40, 0, Number.NaN);
  expect(measure(x, { block: 4 })).toEqual(Float32Array.of(3, 0));
  expect(measure(x.subarray(1, 2), "tensor")).toEqual(Float32Array.of(0));
  expect(measure(new Float32Array(0), "tensor")).toHaveLength(0);
});

test("infinities saturate beside a finite scale; without one everything decodes to zero", () => {
  const book = codebook(tableOf("dynamic", 4, true));
  const infinity = Number.POSITIVE_INFINITY;
  const x = Float32Array.of(infinity, -infinity, Number.NaN, 2, infinity, -infinity, Number.NaN, 0);
  const encoded = encode(x, book, { block: 4 }, "nearest", () => 0);
  expect([...encoded.codes]).toEqual([15, 0, 0, 15, 0, 0, 0, 7]);
  expect([...decode(encoded, book, { block: 4 })].slice(4).map(Math.abs)).toEqual([0, 0, 0, 0]);
});
