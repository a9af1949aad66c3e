import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import { invariantsOf } from "../../generator/cli/fuzz/invariants/index.js";
import { resolve } from "../../generator/resolve.js";
import type { Codec } from "../../runtime/index.js";
import { shippedSpecs, subjectOf } from "./harness.js";
import { codecs, fitTogether, stateOf, withinTiles } from "./specs.js";

const seed = Number(process.env.LOWBIT_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe.each(shippedSpecs())("$name", async ({ text }) => {
  const subject = await subjectOf(text);
  const invariants = subject.plan.states.flatMap((state) =>
    invariantsOf(state, subject.codecs[state.name]).map((invariant) => ({ state: state.name, ...invariant })),
  );

  test.each(invariants)("$state: $claim", ({ property }) => {
    fc.assert(property as fc.IProperty<unknown>, { numRuns: 20, seed });
  });

  test("has invariants for every state that is packed", () => {
    const packed = subject.plan.states.filter(({ codec }) => codec.kind !== "f32").map(({ name }) => name);
    expect([...new Set(invariants.map(({ state }) => state))]).toEqual(packed);
  });
});

test("codecs of random specs keep every invariant", { timeout: 300_000 }, async () => {
  const counts = { codecs: 0, invariants: 0 };
  const pairs = fc.tuple(codecs(), codecs()).map(withinTiles).filter(fitTogether);
  const property = fc.asyncProperty(pairs, async (both) => {
    const text = JSON.stringify({
      name: "random",
      states: Object.fromEntries(both.map((codec, index) => ["ab".charAt(index), stateOf(codec)])),
      update: "a = 0.5*a + g\nb = 0.5*b + g\np = p - a - b\n",
    });
    const subject = await subjectOf(text);
    for (const state of subject.plan.states) {
      const invariants = invariantsOf(state, subject.codecs[state.name]);
      for (const { property } of invariants)
        fc.assert(property as fc.IProperty<unknown>, { numRuns: 6, seed });
      counts.codecs++;
      counts.invariants += invariants.length;
    }
  });
  await fc.assert(property, { numRuns: 40, seed });
  console.log(
    `random codecs: seed ${seed}, ${counts.codecs} codecs, ${counts.invariants} invariants, 6 cases each`,
  );
});

// Invariants that everything has are none: each is broken by some codec.

type Sabotage = (codec: Codec) => Codec;
const onCodes =
  (change: (words: Uint32Array, length: number) => void): Sabotage =>
  (codec) => ({
    ...codec,
    quantize(values, keys) {
      const arrays = codec.quantize(values, keys);
      if (values.length > 1) change(arrays.codes, values.length);
      return arrays;
    },
  });
const onValues =
  (change: (values: Float32Array) => Float32Array): Sabotage =>
  (codec) => ({
    ...codec,
    quantize: (values, keys) => codec.quantize(change(values), keys),
  });
const onDecoded =
  (change: (values: Float32Array) => Float32Array): Sabotage =>
  (codec) => ({
    ...codec,
    dequantize: (arrays, length) => change(codec.dequantize(arrays, length)),
  });

const signed4 = { bits: 4, signed: true, mapping: "dynamic", normalize: { block: 16 }, min_size: 0 };
const linear4 = {
  bits: 4,
  signed: false,
  mapping: { linear: { zero: true } },
  normalize: { block: 16 },
  min_size: 0,
};
const random3 = { ...signed4, bits: 3, rounding: "stochastic" };
const companded = {
  bits: 4,
  signed: true,
  mapping: { compand: "softsign", grid: "linear" },
  normalize: { block: 16 },
  scale: "f16",
  min_size: 0,
};
const log2 = { ...linear4, bits: 2, mapping: "log" };
const randomLog2 = { ...log2, rounding: "stochastic" };
const half = { bits: 16, min_size: 0 };
const randomHalf = { ...half, rounding: "stochastic" };
const negate = (values: Float32Array): Float32Array => values.map((value) => -value);

const sabotages: readonly (readonly [invariant: string, codec: object, sabotage: Sabotage])[] = [
  ["levels", signed4, onValues((values) => values.map((value) => value * 0.9))],
  ["levels", random3, onValues((values) => values.map((value, i) => (i % 16 === 0 ? value : value + 1e-3)))],
  ["packing", signed4, onDecoded((values) => values.toReversed())],
  ["finite", signed4, onDecoded((values) => values.map((value) => (value > 1e38 ? Infinity : value)))],
  [
    "finite",
    random3,
    onCodes((words, length) => {
      if ((length * 3) % 32 !== 0) words[words.length - 1] = (words.at(-1) as number) | 0x80000000;
    }),
  ],
  ["zero", signed4, onDecoded((values) => values.map((value) => (value === 0 ? 1e-30 : value)))],
  ["unsigned", linear4, onDecoded(negate)],
  ["zero-scale", signed4, onDecoded((values) => values.map((value) => (value === 0 ? 1e-45 : value)))],
  [
    "isolation",
    signed4,
    onValues((values) => values.map((value, i) => (i === 20 && Math.abs(values[0] ?? 0) > 2 ? 0 : value))),
  ],
  ["nearest", signed4, onValues((values) => values.map((value) => (Math.abs(value) < 0.01 ? 0 : value)))],
  [
    "monotone",
    linear4,
    onCodes((words) => {
      words[0] = (words[0] as number) ^ 0x30;
    }),
  ],
  [
    "sign",
    signed4,
    onValues((values) => values.map((value, i) => (i % 16 === 3 && value < 0 ? value * 0.5 : value))),
  ],
  ["neighbours", random3, onValues((values) => values.map((value, i) => (i % 16 === 5 ? value / 4 : value)))],
  [
    "unbiased",
    random3,
    onValues((values) => values.map((value) => (Math.abs(value) < 1 ? value * 1.04 : value))),
  ],
  ["nearest", companded, onValues((values) => values.map((value) => (Math.abs(value) < 0.01 ? 0 : value)))],
  [
    "levels",
    companded,
    (codec) => ({
      ...codec,
      quantize(values, keys) {
        const arrays = codec.quantize(values, keys);
        return { ...arrays, scales: arrays.scales.map((word) => word ^ 1) };
      },
    }),
  ],
  [
    "alpha",
    log2,
    (codec) => ({
      ...codec,
      quantize(values, keys) {
        const { alphas = new Float32Array(0), ...arrays } = codec.quantize(values, keys);
        return { ...arrays, alphas: alphas.map((alpha) => alpha * 1.0001) };
      },
    }),
  ],
  ["decode", log2, onDecoded((values) => values.map((value) => value * 1.0001))],
  [
    "place",
    log2,
    onCodes((words) => {
      words[0] = (words[0] as number) ^ 0x30;
    }),
  ],
  ["lowest", log2, onValues((values) => values.map((value) => (value === 0 ? 1e-3 : value)))],
  ["levels", log2, onValues((values) => values.map((value, i) => (i % 16 === 1 ? value / 4 : value)))],
  [
    "unbiased",
    randomLog2,
    onValues((values) => values.map((value) => (value < 1 && value > 2 ** -20 ? value * 1.3 : value))),
  ],
  ["nearest", half, onValues((values) => values.map((value) => value * (1 + 2 ** -9)))],
  ["neighbours", randomHalf, onValues((values) => values.map((value) => value * (1 + 2 ** -7)))],
  ["unbiased", randomHalf, onValues((values) => values.map((value) => value * (1 + 2 ** -10)))],
];

test.each(sabotages)("%s is found broken", async (name, state, sabotage) => {
  const spec = { name: "sabotage", states: { s: state }, update: "s = 0.5*s + g\np = p - s\n" };
  const subject = await subjectOf(JSON.stringify(spec));
  const [plan] = subject.plan.states;
  if (plan === undefined) throw new Error("no state");
  const codec = subject.codecs.s as Codec;
  const invariant = (broken: Codec) =>
    invariantsOf(plan, broken).find((candidate) => candidate.name === name);
  const check = (broken: Codec) =>
    fc.check(invariant(broken)?.property as fc.IProperty<unknown>, { numRuns: 200, seed: 1 });
  expect(check(codec).failed).toBe(false);
  expect(check(sabotage(codec)).failed).toBe(true);
});

test("every invariant is broken by one of these", () => {
  const known = [signed4, linear4, random3, log2, randomLog2, half, randomHalf].flatMap((state) => {
    const plan = resolve(
      JSON.stringify({ name: "x", states: { s: state }, update: "s = 0.5*s + g\np = p - s\n" }),
    );
    if (!plan.ok || build(plan.value).length === 0) throw new Error("not a valid spec");
    const codec: Codec = {
      quantize: () => ({ codes: new Uint32Array(0), scales: new Float32Array(0) }),
      dequantize: () => new Float32Array(0),
    };
    return plan.value.states.flatMap((own) => invariantsOf(own, codec).map(({ name }) => name));
  });
  expect(new Set(sabotages.map(([name]) => name))).toEqual(new Set(known));
});
