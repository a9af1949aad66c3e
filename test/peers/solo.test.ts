import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type HostData, openDevice } from "../../runtime/index.js";
import { readGoldens } from "../goldens/read.js";
import { ordinal, unpack } from "../oracle/index.js";
import { compiled, distance } from "./compiled.js";
import { instantiate } from "./instance.js";

/**
 * The shipped SOLO specs beside the library's own runs. Its rounding is stochastic: the first step is compared exactly,
 * then statistics. Its blocks are the largest divisor of a tensor's size up to 128, so each tensor has its own spec.
 */

const goldens = readGoldens("solo.safetensors");
const inputs = readGoldens("trajectories.safetensors");
const STEPS = 10;

const blocks = { w: 128, emb: 120, vec: 125, conv: 128 };
type Tensor = keyof typeof blocks;
const tensors = Object.keys(blocks) as Tensor[];
const families = [
  { name: "solo_adamw_4_2", spec: "solo-adamw-4-2", bits: 4, beta1: 0.8 },
  { name: "solo_adamw_2_2", spec: "solo-adamw-2-2", bits: 2, beta1: 0.3 },
];
const cases = families.flatMap((family) => tensors.map((tensor) => ({ ...family, tensor })));

function textOf(spec: string, tensor: Tensor, beta1: number, quantized: boolean): string {
  const text = readFileSync(new URL(`../../spec/${spec}.yaml`, import.meta.url), "utf8")
    .replaceAll("block: 128", `block: ${blocks[tensor]}`)
    .replace(/rounding: (nearest|stochastic)/g, "rounding: $1, min_size: 128")
    .replace(/^ {2}beta1: .*$/m, `  beta1: ${beta1}`);
  return quantized ? text : text.replace(/^ {2}([mv]): \{.*\}$/gm, "  $1: { bits: 32 }");
}

/** Parameters after the first and the last step, and the states after the first. */
async function run(text: string, tensor: Tensor, seed: number) {
  const { Optimizer } = await instantiate(compiled(text));
  const optimizer = new Optimizer(
    await openDevice("typescript"),
    { [tensor]: inputs.f32(`p0/${tensor}`) },
    { seed },
  );
  let first = new Float32Array(0);
  let states: Record<string, HostData> = {};
  for (let t = 1; t <= STEPS; t++) {
    optimizer.step({ [tensor]: inputs.f32(`g${t}/${tensor}`) });
    if (t > 1) continue;
    first = (await optimizer.readParams())[tensor]?.slice() ?? first;
    states = await optimizer.state(tensor);
  }
  const last = (await optimizer.readParams())[tensor] as Float32Array;
  return { first, last, states };
}

/** The library's codes: the earlier element in the higher bits of its byte. */
function codesOf(name: string, bits: number, length: number): number[] {
  const per = 8 / bits;
  return [...goldens.u8(name)]
    .flatMap((byte) =>
      Array.from({ length: per }, (_, i) => (byte >>> (8 - bits * (i + 1))) & (2 ** bits - 1)),
    )
    .slice(0, length);
}

/** Distances of scales in units of the last place. */
const apart = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((x, i) => Math.abs(ordinal(x) - ordinal(b[i] as number))));

/** Rounding up with probability f is a sum of variance f (1 - f): |z| > 6 once in 5e8, for each of 16 numbers. */
function expectUnbiased(codes: ArrayLike<number>, places: readonly number[], what: string): void {
  let [sum, variance] = [0, 0];
  for (const [i, place] of places.entries()) {
    const rest = place - Math.floor(place);
    sum += (codes[i] as number) - place;
    variance += rest * (1 - rest);
  }
  expect(Math.abs(sum / Math.sqrt(variance)), what).toBeLessThan(6);
}

describe.each(cases)("$name, $tensor", ({ name, spec, bits, beta1, tensor }) => {
  const g = inputs.f32(`g1/${tensor}`);
  const runOf = (i: number): number => Math.floor(i / blocks[tensor]);
  const golden = (what: string): string => `${name}/s1/${tensor}/${what}`;

  test("first step: parameters, codes of the first moment, scales and alphas; codes of the second as statistics", async () => {
    const { first, states } = await run(textOf(spec, tensor, beta1, true), tensor, 1);
    const p1 = goldens.f32(`${name}/p1/${tensor}`);
    expect(distance(first, p1) / distance(p1)).toBeLessThan(1e-6);

    const [m_scale, v_scale, v_alpha] = ["m_scale", "v_scale", "v_alpha"].map((name) => states[name]) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect(apart(m_scale, goldens.f32(golden("exp_avg/scale")))).toBeLessThanOrEqual(1);
    expect(apart(v_scale, goldens.f32(golden("exp_avg_sq/scale")))).toBeLessThanOrEqual(2);
    const alphas = goldens.f32(golden("exp_avg_sq/alpha"));
    expect(v_alpha).toHaveLength(alphas.length);
    // Both round a logarithm of up to 24 to float32, which is 2^-20 of a third of it at most.
    for (const [i, alpha] of alphas.entries())
      expect(Math.abs((v_alpha[i] as number) / alpha - 1)).toBeLessThan(2 ** -20);

    const places = [...g].map((x, i) => {
      const n = (1e-3 * x * x) / (v_scale[runOf(i)] as number);
      return Math.min(Math.max(Math.log(n) / Math.log(v_alpha[runOf(i)] as number), 0), 3);
    });
    const theirs = codesOf(golden("exp_avg_sq/codes"), 2, g.length);
    const ours = unpack(states.v_codes as Uint32Array, 2, g.length);
    for (const [i, place] of places.entries()) {
      expect(Math.abs((ours[i] as number) - place)).toBeLessThan(1.0001);
      expect(Math.abs((theirs[i] as number) - place)).toBeLessThan(1.0001);
    }
    expectUnbiased(theirs, places, "the library's second moment");
    expectUnbiased(ours, places, "our second moment");

    const m_codes = unpack(states.m_codes as Uint32Array, bits, g.length);
    expect([...m_codes]).toEqual(codesOf(golden("exp_avg/codes"), bits, g.length));
  });

  test("ten steps deviate as much from float32 as the library's", { timeout: 60_000 }, async () => {
    const float32 = await run(textOf(spec, tensor, beta1, false), tensor, 0);
    const theirs = distance(goldens.f32(`${name}/p${STEPS}/${tensor}`), float32.last);
    const text = textOf(spec, tensor, beta1, true);
    const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1);
    const runs = await Promise.all(seeds.map((seed) => run(text, tensor, seed)));
    const ours = runs.map(({ last }) => distance(last, float32.last));
    const mean = ours.reduce((sum, one) => sum + one) / ours.length;
    // Single runs differ by up to a tenth, ours among themselves and the library's one from their mean.
    expect(Math.abs(theirs / mean - 1)).toBeLessThan(0.15);
  });
});
