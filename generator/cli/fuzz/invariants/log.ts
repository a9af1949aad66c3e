import fc from "fast-check";
import type { LogCodec } from "../../../lower/plan.js";
import { formatCode, formatFloat, packCodes } from "../bits.js";
import { type Quantized, RunBench } from "./bench.js";
import { type CodecSubject, expectThat, type Invariant } from "./invariant.js";
import { finiteInvariant, isolationInvariant, unsignedInvariant, vanishedInvariant } from "./runs.js";
import { deviationLimit, FALSE_ALARM } from "./stochastic.js";

/** By this part of the way from a level to the next a computed logarithm may be off. */
const SLACK = 1e-3;

/** Invariants of a codec with levels alpha^k, in float64 from the definition. */
export function logInvariants(subject: CodecSubject<LogCodec>): Invariant[] {
  const bench = new RunBench(subject);
  const isNearest = subject.plan.rounding === "nearest";
  return [
    alphaInvariant(bench),
    decodeInvariant(bench),
    placeInvariant(bench),
    lowestInvariant(bench),
    levelsInvariant(bench),
    finiteInvariant(bench),
    unsignedInvariant(bench),
    vanishedInvariant(bench),
    isolationInvariant(bench),
    ...(isNearest ? [] : [unbiasedInvariant(bench)]),
  ];
}

const magnitude = (x: number): number => (Number.isFinite(x) && Math.abs(x) >= 2 ** -126 ? Math.abs(x) : 0);

/** log2 of the part of the scale that the lowest level is, of a run with a scale above 0. */
function ratioOf(run: Float32Array, scale: number, quantile: number): number {
  const above = Float64Array.from(run, magnitude)
    .filter((x) => x > 0)
    .sort();
  const place = quantile * (above.length - 1);
  const [lower, upper] = [above[Math.floor(place)], above[Math.ceil(place)]] as [number, number];
  const [low, high] = [lower, upper].map((x) => Math.max(x / scale, 2 ** -100)) as [number, number];
  const ratio = low + (place - Math.floor(place)) * (high - low);
  const most = above.length < run.length ? -3 : 0;
  return Math.min(Math.log2(ratio), most);
}

function alphaInvariant(bench: RunBench<LogCodec>): Invariant {
  const { bits, quantile } = bench.plan;
  return {
    name: "alpha",
    claim: "alpha^(2^bits - 1) is the quantile of what is above 0, as a part of the scale",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { scales, alphas } = bench.quantize(values, seed);
      for (const [run, alpha] of alphas.entries()) {
        const scale = scales[run] as number;
        if (scale === 0) expectThat(alpha === 0, () => `run ${run} has the scale 0 and the alpha ${alpha}`);
        if (scale === 0) continue;
        const expected = ratioOf(bench.run(values, run), scale, quantile) / (2 ** bits - 1);
        const apart = Math.abs(Math.log2(alpha) - expected);
        // Of the logarithm 4 units in its last place, and 4 of alpha itself.
        expectThat(
          apart <= (4 + 4 * Math.abs(expected)) * 2 ** -23,
          () => `alpha of run ${run} is about ${2 ** expected}, found ${formatFloat(alpha)}`,
        );
      }
    }),
  };
}

function decodeInvariant(bench: RunBench<LogCodec>): Invariant {
  const { bits } = bench.plan;
  const codes = fc.array(fc.nat(2 ** bits - 1), { maxLength: 200 });
  return {
    name: "decode",
    claim: "code k of an LSB-first bitstream is alpha^k times the scale",
    property: fc.property(codes, fc.float({ min: 0.5, max: 1, noNaN: true }), (codes, alpha) => {
      const runs = bench.runsOf(codes.length);
      const arrays = {
        codes: packCodes(codes, bits),
        scales: new Float32Array(runs).fill(1024),
        alphas: new Float32Array(runs).fill(alpha),
      };
      const decoded = bench.codec.dequantize(arrays, codes.length);
      for (const [i, code] of codes.entries()) {
        const value = alpha ** code * 1024;
        const found = decoded[i] as number;
        if (value < 2 ** -100) continue;
        expectThat(
          Math.abs(found - value) <= value * (code + 2 * bits) * 2 ** -24,
          () => `element ${i}, code ${formatCode(code)}, is about ${value}, found ${formatFloat(found)}`,
        );
      }
    }),
  };
}

/** log(x / s) / log(alpha) of an element, between 0 and 2^bits - 1; NaN where all levels are one. */
function indexOf(bench: RunBench<LogCodec>, { normalized, alphas }: Quantized, i: number): number {
  const [n, alpha] = [normalized[i] as number, alphas[bench.runOf(i)] as number];
  const lowest = 2 ** bench.plan.bits - 1;
  // An infinity in a run without a scale has no place either.
  if (alpha === 0) return Number.isNaN(n) ? n : 0;
  // So near to 1, levels are hardly told apart in float32.
  if (alpha > 1 - 2 ** -12) return Number.NaN;
  if (!(n >= 2 ** -126)) return lowest;
  return Math.min(Math.max(Math.log2(n) / Math.log2(alpha), 0), lowest);
}

function placeInvariant(bench: RunBench<LogCodec>): Invariant {
  const reach = bench.plan.rounding === "nearest" ? 0.5 : 1;
  return {
    name: "place",
    claim: "a value takes the nearest level, or one of the two beside it, in the log domain",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const quantized = bench.quantize(values, seed);
      for (const [i, code] of quantized.codes.entries()) {
        const index = indexOf(bench, quantized, i);
        expectThat(
          Number.isNaN(index) || Math.abs(code - index) <= reach + SLACK,
          () => `element ${i}, ${values[i]}, lies at ${index} among the levels and has code ${code}`,
        );
      }
    }),
  };
}

function lowestInvariant(bench: RunBench<LogCodec>): Invariant {
  return {
    name: "lowest",
    claim: "a zero takes the lowest level, which is at most an eighth of the scale",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { codes, decoded, scales } = bench.quantize(values, seed);
      for (const [i, x] of values.entries()) {
        const scale = scales[bench.runOf(i)] as number;
        if (x !== 0 || scale === 0) continue;
        const most = scale * 0.1251;
        expectThat(
          codes[i] === 2 ** bench.plan.bits - 1 && (decoded[i] as number) <= most,
          () => `element ${i} is 0, has code ${codes[i]} and decodes to ${decoded[i]}`,
        );
      }
    }),
  };
}

/** Runs with a power of two for alpha: one level beside the greatest and many of the lowest. */
function levelsInvariant(bench: RunBench<LogCodec>): Invariant {
  const { bits, quantile, normalize } = bench.plan;
  const lowest = 2 ** bits - 1;
  const exponents = fc.integer({ min: 0, max: 60 });
  return {
    name: "levels",
    claim: "a level is encoded to itself",
    property: fc.property(fc.nat(lowest), exponents, exponents, bench.seeds, (code, power, scale, seed) => {
      const octaves = 1 + (power % Math.max(1, Math.floor(95 / lowest)));
      const isLow = quantile * (normalize.block - 1) + 1 <= normalize.block - 3;
      if (lowest > 95 || !isLow) return;
      const value = (k: number) => 2 ** (scale - k * octaves);
      const values = new Float32Array(normalize.block).fill(value(lowest));
      values.set([value(0), value(code)]);
      const { codes, decoded } = bench.quantize(values, seed);
      expectThat(
        codes[0] === 0 && codes[1] === code && decoded[1] === values[1] && decoded.at(-1) === values.at(-1),
        () => `level ${code} of the alpha 2^-${octaves} got code ${codes[1]} and decodes to ${decoded[1]}`,
      );
    }),
  };
}

function unbiasedInvariant(bench: RunBench<LogCodec>): Invariant {
  const { bits, normalize } = bench.plan;
  return {
    name: "unbiased",
    claim: `down with the probability of what is left in the log domain; false alarm once in ${1 / FALSE_ALARM}`,
    property: fc.property(fc.double({ min: 0, max: 1, noNaN: true }), bench.seeds, (part, seed) => {
      if (normalize.block < 3) return;
      // In each run the greatest, one value to be drawn, and the rest so low that it sets alpha.
      const runs = Math.ceil(8192 / (normalize.block - 2));
      const values = new Float32Array(runs * normalize.block).fill(2 ** -20);
      for (let run = 0; run < runs; run++) {
        values.fill(Math.fround(2 ** (-20 * part)), run * normalize.block, (run + 1) * normalize.block - 1);
        values[run * normalize.block] = 1;
      }
      const quantized = bench.quantize(values, seed);
      const index = indexOf(bench, quantized, 1);
      const places = [...values.keys()].filter((i) => i % normalize.block > 0 && values[i] === values[1]);
      if (Number.isNaN(index) || index >= 2 ** bits - 1) return;
      const downs = places.filter((i) => quantized.codes[i] === Math.floor(index) + 1).length;
      const expected = places.length * (index - Math.floor(index));
      const limit = deviationLimit(places.length) + places.length * SLACK;
      expectThat(
        Math.abs(downs - expected) <= limit,
        () =>
          `at ${index} among the levels, ${downs} of ${places.length} went down, expected about ${expected.toFixed(0)}`,
      );
    }),
  };
}
