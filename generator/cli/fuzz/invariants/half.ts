import fc from "fast-check";
import type { Bfloat16Codec } from "../../../lower/plan.js";
import { bitsOf, codeAt, decodeHalf, formatFloat, restDifference } from "../bits.js";
import { contents } from "../cases.js";
import { makeTensor } from "../tensors.js";
import { exactly } from "./exact.js";
import { type CodecSubject, expectThat, type Invariant, keysOf } from "./invariant.js";
import { deviationLimit, FALSE_ALARM } from "./stochastic.js";

const tensors = fc
  .tuple(fc.integer({ min: 0, max: 300 }), contents())
  .map(([length, spec]) => makeTensor({ length, ...spec }));

/** Invariants of a bfloat16 codec. */
export function halfInvariants({ plan, codec }: CodecSubject<Bfloat16Codec>): Invariant[] {
  const quantize = (values: Float32Array, seed: number): number[] => {
    const { codes, scales } = codec.quantize(values, keysOf(seed));
    const words = Math.ceil(values.length / 2);
    expectThat(
      codes.length === words,
      () => `${values.length} elements take ${words} words, found ${codes.length}`,
    );
    expectThat(scales.length === 0, () => `bfloat16 has no scales, found ${scales.length}`);
    expectThat(
      restDifference(codes, values.length * 16) === null,
      () => "the unused half of the last word is not 0",
    );
    const decoded = codec.dequantize({ codes, scales }, values.length);
    return Array.from(values, (_, i) => {
      const code = codeAt(codes, 16, i);
      const same = Object.is(decoded[i], decodeHalf(code));
      expectThat(same, () => `element ${i}, code 0x${code.toString(16)}, decodes to ${decoded[i]}`);
      return code;
    });
  };
  const rounding: Invariant =
    plan.rounding === "nearest"
      ? {
          name: "nearest",
          claim: "the nearest bfloat16 is taken, the even one of two",
          property: fc.property(tensors, (values) => checkNearest(values, quantize(values, 0))),
        }
      : {
          name: "neighbours",
          claim: "a value is rounded to one of the bfloat16 beside it",
          property: fc.property(tensors, fc.nat(), (values, seed) =>
            checkNeighbours(values, quantize(values, seed)),
          ),
        };
  return [rounding, ...(plan.rounding === "nearest" ? [] : [unbiased(quantize)])];
}

/** The bfloat16 towards zero and the next one away from it; the same where x is one. */
function beside(x: number): readonly [number, number] {
  const bits = bitsOf(x);
  return [bits >>> 16, bits & 0xffff ? (bits >>> 16) + 1 : bits >>> 16];
}

function checkNeighbours(values: Float32Array, codes: readonly number[]): void {
  for (const [i, x] of values.entries()) {
    const code = codes[i] as number;
    const holds = Number.isNaN(x) ? Number.isNaN(decodeHalf(code)) : beside(x).includes(code);
    expectThat(holds, () => `element ${i}, ${formatFloat(x)}, has the code 0x${code.toString(16)}`);
  }
}

function checkNearest(values: Float32Array, codes: readonly number[]): void {
  checkNeighbours(values, codes);
  for (const [i, x] of values.entries()) {
    if (!Number.isFinite(x)) continue;
    const [inner, outer] = beside(x);
    // Twice the distances, beyond the greatest bfloat16 as well, where the next one would be 2^128.
    const middle = (Math.abs(decodeHalf(inner)) + magnitudeOf(outer)) / 2;
    const order = exactly(Math.abs(x)) - exactly(middle);
    const wanted = order > 0n || (order === 0n && inner % 2 === 1) ? outer : inner;
    expectThat(
      codes[i] === wanted,
      () =>
        `element ${i}, ${formatFloat(x)}, takes 0x${wanted.toString(16)}, found 0x${codes[i]?.toString(16)}`,
    );
  }
}

function magnitudeOf(code: number): number {
  const value = Math.abs(decodeHalf(code));
  return value === Infinity ? 2 ** 128 : value;
}

function unbiased(quantize: (values: Float32Array, seed: number) => number[]): Invariant {
  const draws = 8192;
  return {
    name: "unbiased",
    claim: `away from zero with the probability of the bits cut off; false alarm once in ${1 / FALSE_ALARM}`,
    property: fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.nat(), (x, seed) => {
      const [inner, outer] = beside(x);
      const codes = quantize(new Float32Array(draws).fill(x), seed);
      const away = codes.filter((code) => code === outer).length;
      const expected = inner === outer ? draws : (draws * (bitsOf(x) & 0xffff)) / 2 ** 16;
      expectThat(
        Math.abs(away - expected) <= deviationLimit(draws),
        () =>
          `${formatFloat(x)} went away from zero ${away} times in ${draws}, expected about ${expected.toFixed(0)}`,
      );
    }),
  };
}
