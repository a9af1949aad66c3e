import { describe, expect, test } from "vitest";
import { absorb, mix, type Pair, randomAt, streamKey, tensorId } from "./random.js";

/**
 * Every statistic below is standardized: mean 0 and variance 1 for an ideal generator. |z| > 5 has
 * probability 5.7e-7 where it is normal (241 statistics), 4.6e-6 above for chi-square with 255 degrees of
 * freedom (28): at fixed keys, once, an ideal generator fails anything here with probability 1 in 3,700.
 */
const LIMIT = 5;
const DRAWS = 65536;

const draws = (key: Pair, count = DRAWS) => Uint32Array.from({ length: count }, (_, i) => randomAt(key, i));
const unit = (words: Uint32Array) => Float64Array.from(words, (word) => (word + 0.5) / 2 ** 32);

const keys: [string, Pair][] = [
  ["seed 0", streamKey(0n, 1, 0, "w")],
  ["seed 1", streamKey(1n, 1, 0, "w")],
  ["a seed above 32 bits", streamKey(1n << 32n, 1, 0, "w")],
  ["step 2", streamKey(0n, 2, 0, "w")],
  ["step 1,000", streamKey(0n, 1000, 0, "w")],
  ["another state", streamKey(0n, 1, 1, "w")],
  ["another tensor", streamKey(0n, 1, 0, "v")],
];

describe.each(keys)("%s", (_, key) => {
  const words = draws(key);
  const u = unit(words);

  test("mean and variance", () => {
    const mean = u.reduce((sum, x) => sum + x, 0) / DRAWS;
    expect(Math.abs(mean - 1 / 2) * Math.sqrt(12 * DRAWS)).toBeLessThan(LIMIT);
    const variance = u.reduce((sum, x) => sum + (x - 1 / 2) ** 2, 0) / DRAWS;
    expect(Math.abs(variance - 1 / 12) * Math.sqrt(180 * DRAWS)).toBeLessThan(LIMIT);
  });

  test.each([0, 8, 16, 24])("chi-square of the byte at bit %i", (shift) => {
    const counts = new Float64Array(256);
    for (const word of words) (counts[(word >>> shift) & 255] as number)++;
    const expected = DRAWS / 256;
    const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(Math.abs(chi2 - 255) / Math.sqrt(2 * 255)).toBeLessThan(LIMIT);
  });

  test.each([1, 2, 128, 256])("an element and the one %i after it", (lag) => {
    expect(Math.abs(correlation(u.subarray(0, DRAWS - lag), u.subarray(lag)))).toBeLessThan(LIMIT);
  });
});

test("keys that differ in one part are not correlated, shifted or not", () => {
  const streams = keys.map(([, key]) => unit(draws(key)));
  for (const [i, a] of streams.entries()) {
    for (const b of streams.slice(i + 1)) {
      for (const shift of [0, 1, 7]) {
        expect(Math.abs(correlation(a.subarray(shift), b.subarray(0, DRAWS - shift)))).toBeLessThan(LIMIT);
      }
    }
  }
});

test("one element through 4,096 steps, seeds or tensors is random too", () => {
  const n = 4096;
  const through = (key: (k: number) => Pair) =>
    unit(Uint32Array.from({ length: n }, (_, k) => randomAt(key(k), 3)));
  const columns = [
    through((k) => streamKey(5n, k + 1, 0, "w")),
    through((k) => streamKey(BigInt(k), 1, 0, "w")),
    through((k) => streamKey(BigInt(k) << 32n, 1, 0, "w")),
    through((k) => streamKey(5n, 1, 0, `layer.${k}`)),
  ];
  for (const u of columns) {
    const mean = u.reduce((sum, x) => sum + x, 0) / n;
    expect(Math.abs(mean - 1 / 2) * Math.sqrt(12 * n)).toBeLessThan(LIMIT);
    expect(Math.abs(correlation(u.subarray(1), u.subarray(0, n - 1)))).toBeLessThan(LIMIT);
  }
});

test("one changed bit of the element changes each bit of the word half the time", () => {
  const key = streamKey(9n, 1, 0, "w");
  const trials = 4096;
  for (const flipped of [0, 1, 13, 31]) {
    const counts = new Float64Array(32);
    for (let i = 0; i < trials; i++) {
      // The i-th element whose bit is 0, so that no pair counts twice.
      const element = (i % 2 ** flipped) + Math.floor(i / 2 ** flipped) * 2 ** (flipped + 1);
      const difference = randomAt(key, element) ^ randomAt(key, element + 2 ** flipped);
      for (let bit = 0; bit < 32; bit++) (counts[bit] as number) += (difference >>> bit) & 1;
    }
    for (const count of counts)
      expect(Math.abs(count - trials / 2) / Math.sqrt(trials / 4)).toBeLessThan(LIMIT);
  }
});

test("the definition, by arithmetic modulo 2^32 in BigInt", () => {
  const wrap = (x: bigint) => x & 0xffffffffn;
  const big = (x: bigint, k: bigint): bigint => {
    let y = x ^ (x >> 16n);
    y = wrap(wrap(y * 0x7feb352dn) + k);
    y ^= y >> 15n;
    y = wrap(y * 0x846ca68bn);
    return y ^ (y >> 16n);
  };
  const golden = 0x9e3779b9n;
  const step = ([a, b]: [bigint, bigint], w: bigint): [bigint, bigint] => [
    big(a ^ w, b),
    big(wrap(b + w), a ^ golden),
  ];
  const element = 2 ** 33 + 4_294_967_290;
  const parts = [7n, 2n, BigInt(tensorId("ü.weight")), BigInt(element) >> 32n];
  const [a, b] = parts.reduce<[bigint, bigint]>(step, [0x89abcdefn, 0x01234567n]);
  const word = big(wrap(a + wrap(BigInt(element)) * golden), b);
  expect(randomAt(streamKey(0x0123456789abcdefn, 7, 2, "ü.weight"), element)).toBe(Number(word));
});

test("fixed values, so that nobody changes the generator unseen", () => {
  expect(tensorId("")).toBe(0x811c9dc5);
  expect(tensorId("foobar")).toBe(0xbf9cf968);
  expect(mix(0, 0)).toBe(0);
  expect(absorb({ a: 0, b: 0 }, 1)).toEqual({ a: mix(1, 0), b: mix(1, 0x9e3779b9) });
});

/** Standardized correlation of two samples of uniform numbers. */
function correlation(a: Float64Array, b: Float64Array): number {
  const sum = a.reduce((total, x, i) => total + (x - 1 / 2) * ((b[i] as number) - 1 / 2), 0);
  return (sum * 12) / Math.sqrt(a.length);
}
