import fc from "fast-check";
import { expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import type { KernelState } from "../../generator/ir/types.js";
import { resolve } from "../../generator/resolve.js";
import { seed } from "../properties/seed.js";

// A code by logarithms is floor((log2 n)/(log2 alpha) + 1 - t), held to the codes there are, where t is what is drawn: in real
// numbers, so many octaves from where it changes, the encoder of the kernels has the same one.

function stateOf(bits: number, rounding: string): KernelState {
  const result = resolve(
    JSON.stringify({
      name: "logarithmic",
      states: { v: { bits, signed: false, mapping: "log", normalize: { block: 128 }, rounding } },
      update: "v = 0.9*v + 0.1*g*g\np = p - v",
    }),
  );
  if (!result.ok) throw new Error("the spec is not valid");
  const kernel = build(result.value).find((one) => one.kind === "step" && one.states[0]?.statistic);
  if (kernel === undefined) throw new Error("there is no step");
  return kernel.states[0] as KernelState;
}

/** Next to where codes change: what the encoder has, and what real numbers have. */
function codesNextToBounds({ variables, encode, statistic, bits }: KernelState, margins: number) {
  const spread = statistic?.spread;
  if (!spread?.positions || encode === null) throw new Error("no codes by logarithms");
  const { rest, octaves } = spread.positions;
  const evaluation = new Evaluation([]);
  const [encoded, drawn, rated] = [encode, rest, spread.rate].map((fragment) =>
    evaluation.compile(fragment),
  ) as [() => void, () => void, () => void];
  const set = (name: string, value: number): void => {
    evaluation.cell({ name }).value = value;
  };
  const element = encode.inputs.find(({ name }) => name.endsWith("element"))?.name;
  return (given: {
    octaves: number;
    code: number;
    isAbove: boolean;
    words: readonly [number, number, number];
  }) => {
    const alpha = Math.fround(2 ** -given.octaves);
    set(variables.newAlpha.name, alpha);
    set(variables.inverse.name, 1);
    set(variables.stream0.name, given.words[0]);
    set(variables.stream1.name, given.words[1]);
    if (element !== undefined) set(element, given.words[2]);
    rated();
    drawn();
    const left = evaluation.cell(variables.rest).value / 2 ** (32 - bits);
    // Of n, the float that is next to so many octaves from there on the side that is asked for.
    const off = (given.isAbove ? 1 : -1) * (margins * octaves + 2 ** -23);
    const n = Math.fround(2 ** ((given.code + 1 - left) * Math.log2(alpha) + off));
    set(variables.value.name, n);
    encoded();
    const place = Math.log2(n) / Math.log2(alpha);
    return {
      found: evaluation.cell(variables.newCode).value,
      expected: Math.min(2 ** bits - 1, Math.max(0, Math.floor(place + left))),
    };
  };
}

const givens = (bits: number) =>
  fc.record({
    octaves: fc.double({ min: 0.02, max: 100 / (2 ** bits - 1), noNaN: true }),
    code: fc.integer({ min: 0, max: 2 ** bits - 2 }),
    isAbove: fc.boolean(),
    words: fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
  });

const kinds = [2, 3, 4].flatMap((bits) => [
  { bits, rounding: "stochastic" },
  { bits, rounding: "nearest" },
]);

test.each(kinds)(
  "of $bits bits, $rounding: the same as in real numbers, beyond its octaves",
  ({ bits, rounding }) => {
    const codes = codesNextToBounds(stateOf(bits, rounding), 1);
    fc.assert(
      fc.property(givens(bits), (given) => {
        const { found, expected } = codes(given);
        expect(found).toBe(expected);
      }),
      { numRuns: 20_000, seed },
    );
  },
);

test.each(kinds)("of $bits bits, $rounding: not always within them", ({ bits, rounding }) => {
  const codes = codesNextToBounds(stateOf(bits, rounding), 0);
  const differ = fc.sample(givens(bits), { numRuns: 20_000, seed }).filter((given) => {
    const { found, expected } = codes(given);
    return found !== expected;
  });
  expect(differ.length).toBeGreaterThan(0);
});
