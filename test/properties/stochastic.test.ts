import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeAt } from "../../generator/cli/fuzz/bits.js";
import { streamKey, TypeScriptDevice, tensorId, type WebGpuDevice } from "../../runtime/index.js";
import { streamKey as oracleKey, randomAt } from "../oracle/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { shippedSpecs, subjectOf } from "./harness.js";

/** How often a rounding without bias would be called biased, were the seeds new each time. */
const FALSE_ALARM = 1e-9;

/** Hoeffding: a sum of n independent values in [0, 1] is further than this from its mean with that probability. */
const limit = (n: number): number => Math.sqrt((n / 2) * Math.log(2 / FALSE_ALARM));

describe("random words", () => {
  let webgpu: WebGpuDevice;
  beforeAll(async () => {
    webgpu = await requireWebGpu();
  });
  afterAll(() => webgpu.dispose());

  // Every run has a 1, so its scale is 1 and the other elements are 0.3 of it: up iff the random word is below 0.3.
  const stochastic = {
    bits: 1,
    signed: false,
    mapping: { table: [0, 1] },
    normalize: { block: 100 },
    rounding: "stochastic",
    min_size: 0,
  };
  const spec = JSON.stringify({
    name: "coin",
    states: { a: stochastic, b: stochastic },
    update: "a = select(g > 0, 1, 0.3) + 0*a\nb = select(g > 0, 1, 0.3) + 0*b\np = p - 0*a - 0*b\n",
  });
  const sizes = { first: 5000, second: 5000, third: 1 };
  const isOne = (i: number): boolean => i % 100 === 0;

  test("are the oracle's on every device, for every step, state, tensor and element", async () => {
    const { Optimizer } = await subjectOf(spec);
    const gradients = Object.fromEntries(
      Object.entries(sizes).map(([name, n]) => [
        name,
        Float32Array.from({ length: n }, (_, i) => (isOne(i) ? 1 : 0)),
      ]),
    );
    for (const device of [new TypeScriptDevice(), webgpu]) {
      const params = Object.fromEntries(
        Object.entries(sizes).map(([name, n]) => [name, new Float32Array(n)]),
      );
      const seed = 2 ** 40 + 12345;
      const optimizer = new Optimizer(device, params, { seed });
      for (let t = 1; t <= 3; t++) {
        optimizer.step(gradients);
        for (const [name, n] of Object.entries(sizes)) {
          const stored = await optimizer.state(name);
          for (const [stream, state] of ["a", "b"].entries()) {
            const key = oracleKey(BigInt(seed), t, stream, name);
            const words = stored[`${state}_codes`] as Uint32Array;
            const found = Array.from({ length: n }, (_, i) => codeAt(words, 1, i));
            const wanted = found.map((_, i) =>
              Number(isOne(i) || (randomAt(key, i) >>> 8) * 2 ** -24 < Math.fround(0.3)),
            );
            expect(found, `${device.kind}, step ${t}, ${name}, ${state}`).toEqual(wanted);
          }
        }
      }
      optimizer.dispose();
    }
  });
});

describe("rounding", () => {
  // Levels of each run's own: test/oracle/log.test.ts.
  const specs = shippedSpecs().filter(({ text }) =>
    Object.values((JSON.parse(text) as { states: Record<string, object> }).states).some(
      (state) => JSON.stringify(state).includes("stochastic") && !JSON.stringify(state).includes('"log"'),
    ),
  );

  test("some spec has it", () => {
    expect(specs.map(({ name }) => name)).toContain("adamw-3bit");
  });

  test.each(specs)(
    `of $name is unbiased, with a false alarm once in ${1 / FALSE_ALARM}`,
    async ({ text }) => {
      const subject = await subjectOf(text);
      const length = 200_000;
      for (const { name, codec } of subject.plan.states) {
        if (codec.kind !== "table" || codec.rounding !== "stochastic" || typeof codec.normalize === "string")
          continue;
        const { block } = codec.normalize;
        const lowest = codec.signed ? -1 : (codec.levels[0] as number);
        // Each block has a 1, so the others are their own normalized values: evenly spread over the levels.
        const values = Float32Array.from({ length }, (_, i) =>
          i % block === 0 ? 1 : lowest + ((i * 0.6180339887) % 1) * (1 - lowest),
        );
        const keys = { ...streamKey(7, 1, 0), id: tensorId(name) };
        const { codes } = subject.codecs[name]?.quantize(values, keys) ?? { codes: new Uint32Array(0) };
        const perLevel = codec.levels.map(() => ({ draws: 0, excess: 0 }));
        for (const [i, n] of values.entries()) {
          const below = codec.levels.filter((level) => level <= n).length - 1;
          const [a, b] = [codec.levels[below], codec.levels[below + 1]];
          if (a === undefined || b === undefined) continue;
          const level = perLevel[below] as { draws: number; excess: number };
          level.draws++;
          level.excess += codeAt(codes, codec.bits, i) - below - (n - a) / (b - a);
        }
        const all = perLevel.reduce((sum, { draws, excess }) => ({
          draws: sum.draws + draws,
          excess: sum.excess + excess,
        }));
        for (const { draws, excess } of [...perLevel, all])
          expect(Math.abs(excess)).toBeLessThanOrEqual(limit(draws));
        expect(all.draws).toBeGreaterThan(length / 2);
      }
    },
  );
});
