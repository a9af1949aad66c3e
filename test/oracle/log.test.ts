import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { float32, float64, ordinal } from "./arithmetic.js";
import { measure, normalized } from "./codec.js";
import { alphaOf, decodeLog, encodeLog, levelOf, logCode, logIndex } from "./log.js";
import { randomAt, streamKey } from "./random.js";

const goldens = readGoldens("solo.safetensors");
const inputs = readGoldens("codecs.safetensors");
const KINDS = ["normal", "lognormal", "outlier", "rowcol"];
const normalize = { block: 128 };
const blocks = KINDS.length * 4096;

const unsigned = (kind: string): Float32Array => inputs.f32(`input/${kind}`).map(Math.abs);
const blockOf = (values: Float32Array, run: number): Float32Array =>
  values.subarray(run * 128, (run + 1) * 128);

describe.each([2, 3, 4, 8])("SOLO's logarithmic mapping, %i bits", (bits) => {
  test.each(["0.05", "0.1", "0.3"])("scales and alphas at the %s quantile", (quantile) => {
    for (const kind of KINDS) {
      const values = unsigned(kind);
      const golden = (what: string) => goldens.f32(`solo_qema${bits}_p${quantile}/${kind}/${what}`);
      const scales = measure(values, normalize);
      expect(scales).toEqual(golden("scale"));
      for (const [run, alpha] of golden("alpha").entries()) {
        const [single, double] = [float32, float64].map((ops) =>
          alphaOf(blockOf(values, run), 128, scales[run] as number, bits, Number(quantile), ops),
        ) as [number, number];
        // Theirs is off by 3.6 units in the last place at most; ours by its logarithms, of up to 24.
        expect(Math.abs(alpha / double - 1)).toBeLessThan(4 * 2 ** -23);
        expect(Math.abs(single / double - 1)).toBeLessThan((4 + 24 / (2 ** bits - 1)) * 2 ** -23);
      }
    }
  });

  test("places among the levels, before rounding and after it", () => {
    for (const kind of KINDS) {
      const values = unsigned(kind);
      const [scales, alphas, indices] = ["scale", "alpha", "log_index"].map((what) =>
        goldens.f32(`solo_qema${bits}_p0.1/${kind}/${what}`),
      ) as [Float32Array, Float32Array, Float32Array];
      for (const [i, x] of values.entries()) {
        const run = Math.floor(i / 128);
        const [n, alpha] = [normalized(x, scales[run] as number), alphas[run] as number];
        const golden = Math.min(Math.max(indices[i] as number, 0), 2 ** bits - 1);
        const index = logIndex(n, alpha, bits);
        // A quotient of logarithms, the lower of which has lost 1 / (1 - alpha) of its last places.
        const lost = 4 + 1 / (1 - alpha);
        expect(Math.abs(index - golden)).toBeLessThan((1 + golden) * lost * 2 ** -23);
        // A product of `bits` factors is compared.
        const near = 0.5 + ((4 + 2 * bits) * 2 ** -23) / -Math.log(alpha);
        expect(Math.abs(logCode(n, alpha, bits, "nearest", 0, i) - index)).toBeLessThan(near);
      }
    }
  });
});

/** Hoeffding: a mean of 400 draws is further from its mean with a probability below 1e-9 for all elements together. */
const limit = Math.sqrt(Math.log((2 * blocks) / 1e-9) / (2 * 400));

test.each(KINDS)("means of 400 stochastic codes, ours and SOLO's: %s", (kind) => {
  const values = unsigned(kind);
  const [scales, alphas, means] = ["scale", "alpha", "mean_code_400"].map((what) =>
    goldens.f32(`solo_qema2_p0.1/${kind}/${what}`),
  ) as [Float32Array, Float32Array, Float32Array];
  const keys = Array.from({ length: 400 }, (_, step) => streamKey(5n, step + 1, 0, kind));
  let [theirs, ours, variance] = [0, 0, 0];
  for (const [i, x] of values.entries()) {
    const run = Math.floor(i / 128);
    const [n, alpha] = [normalized(x, scales[run] as number), alphas[run] as number];
    const index = logIndex(n, alpha, 2);
    const codes = keys.map((key) => logCode(n, alpha, 2, "stochastic", randomAt(key, Math.floor(i / 8)), i));
    const mean = codes.reduce((sum, code) => sum + code) / 400;
    expect(Math.abs((means[i] as number) - index)).toBeLessThan(limit);
    expect(Math.abs(mean - index)).toBeLessThan(limit);
    theirs += (means[i] as number) - index;
    ours += mean - index;
    variance += ((index - Math.floor(index)) * (1 - (index - Math.floor(index)))) / 400;
  }
  // Sums of 1.6 million draws: |z| > 6 once in 5e8.
  expect(Math.abs(theirs / Math.sqrt(variance))).toBeLessThan(6);
  expect(Math.abs(ours / Math.sqrt(variance))).toBeLessThan(6);
});

describe("what differs from the library", () => {
  const log = { log: { quantile: 0.1 } };
  const encoded = (values: Float32Array, rounding: "nearest" | "stochastic" = "nearest") => {
    const key = streamKey(1n, 1, 0, "x");
    const random = (i: number) => randomAt(key, i);
    return encodeLog(values, measure(values, normalize), log, 2, normalize, rounding, random, float32);
  };

  test("a block of 70 % zeros keeps its other values: SOLO's alpha is 0 there, and all codes the greatest level's", () => {
    const values = unsigned("sparse");
    expect([...goldens.f32("solo_qema2_p0.1/sparse/alpha")].every((alpha) => alpha === 0)).toBe(true);
    const result = encoded(values);
    const decoded = decodeLog(result, 2, normalize);
    for (const [run, alpha] of result.alphas.entries()) {
      const block = blockOf(values, run);
      const above = block.filter((x) => x > 0).sort();
      const place = 0.1 * (above.length - 1);
      const [lower, upper] = [above[Math.floor(place)], above[Math.floor(place) + 1]] as [number, number];
      const scale = result.scales[run] as number;
      const lowest = Math.min(lower + (place % 1) * (upper - lower), scale / 8);
      expect(Math.abs((alpha ** 3 * scale) / lowest - 1)).toBeLessThan(1e-5);
      const codes = new Set([...blockOf(values, run).keys()].map((i) => result.codes[run * 128 + i]));
      expect(codes.size).toBe(4);
    }
    for (const [i, x] of values.entries()) {
      if (x > 0) continue;
      expect(result.codes[i]).toBe(3);
      expect(decoded[i]).toBeLessThanOrEqual((result.scales[Math.floor(i / 128)] as number) * 0.1251);
    }
  });

  test("one value above zero: the others are at most an eighth of it", () => {
    const values = new Float32Array(128);
    values[17] = 5;
    const decoded = decodeLog(encoded(values), 2, normalize);
    expect(decoded[17]).toBe(5);
    expect(decoded.filter((x) => x === 5 / 8)).toHaveLength(127);
  });

  test("equal values, zeros alone, subnormals alone, and what is not finite", () => {
    expect(decodeLog(encoded(new Float32Array(128).fill(3)), 2, normalize)).toEqual(
      new Float32Array(128).fill(3),
    );
    const zeros = encoded(new Float32Array(128));
    expect([zeros.scales[0], zeros.alphas[0]]).toEqual([0, 0]);
    expect(decodeLog(zeros, 2, normalize)).toEqual(new Float32Array(128));
    expect(decodeLog(encoded(unsigned("denormal")), 2, normalize)).toEqual(new Float32Array(4096));

    const values = unsigned("normal").slice(0, 128);
    values.set([Number.NaN, Infinity], 3);
    const { alphas, scales, codes } = encoded(values);
    const finite = values.filter(Number.isFinite);
    expect(scales[0]).toBe(Math.max(...finite));
    const whole = new Float32Array(128);
    whole.set(finite);
    expect(alphas).toEqual(encoded(whole).alphas);
    expect([codes[3], codes[4]]).toEqual([3, 0]);
  });
});

test("levels are powers of alpha within their number in units of the last place", () => {
  for (const alpha of [0.5, 0.3, 0.99, 0.9999].map(Math.fround)) {
    for (let k = 0; k < 256; k++) {
      const exact = alpha ** k;
      if (exact > 2 ** -120)
        expect(Math.abs(levelOf(alpha, k, 8) / exact - 1)).toBeLessThan((k + 16) * 2 ** -24);
    }
  }
  expect(ordinal(levelOf(0.5, 3, 2))).toBe(ordinal(0.125));
});
