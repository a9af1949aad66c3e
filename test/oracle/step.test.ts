import { describe, expect, test } from "vitest";
import { adamw } from "./optimizers.js";
import { randomAt, streamKey } from "./random.js";
import type { Rule } from "./rule.js";
import { type StateCodec, store } from "./state.js";
import { freshTensor, type OracleConfig, oracleStep } from "./step.js";

const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const raw: StateCodec = { bits: 32 };
const small = { normalize: { block: 4 }, rounding: "nearest", minSize: 0 } as const;
const first: StateCodec = { bits: 4, signed: true, mapping: "dynamic", ...small };
const second: StateCodec = { bits: 3, signed: false, mapping: { linear: { zero: true } }, ...small };
const bfloat: StateCodec = { bits: 16, rounding: "stochastic", minSize: 0 };

type Adam = OracleConfig<typeof ADAM>;
const config: Adam = { rule: adamw, hyper: ADAM, codecs: [first, second], nonfinite: "hold" };
const ramp = (n: number, scale: number) => Float32Array.from({ length: n }, (_, i) => scale * (i - n / 3));

describe("what is not finite", () => {
  const g = ramp(8, 0.01);
  const start = oracleStep(config, freshTensor(config, "w", ramp(8, 0.1)), g, 1, 0n);
  const bad = g.map((x, i) => (i === 2 ? Number.NaN : i === 5 ? Number.POSITIVE_INFINITY : x));
  const without = g.map((x, i) => (i === 2 || i === 5 ? 0 : x));

  test("hold keeps the element and touches no other", () => {
    const held = oracleStep({ ...config, codecs: [raw, raw] }, start, bad, 2, 0n);
    const clean = oracleStep({ ...config, codecs: [raw, raw] }, start, without, 2, 0n);
    for (let i = 0; i < 8; i++) {
      const from = i === 2 || i === 5 ? start : clean;
      expect(held.p[i]).toBe(from.p[i]);
      expect(held.states.map((s) => s.values[i])).toEqual(from.states.map((s) => s.values[i]));
    }
    const coded = oracleStep(config, start, bad, 2, 0n);
    expect(coded.states).toEqual(
      held.states.map((s, k) => store(s.values, k === 0 ? first : second, () => 0)),
    );
  });

  test("hold: a finite gradient whose square overflows is held too", () => {
    const huge = g.map((x, i) => (i === 0 ? 3e38 : x));
    const held = oracleStep(config, start, huge, 2, 0n);
    expect(held.p[0]).toBe(start.p[0]);
    expect(held.p[1]).not.toBe(start.p[1]);
  });

  test("hold: states move on where the parameter alone would not be finite", () => {
    // v is 0 and eps too: the step would be infinite. The next one, when v has grown, is not.
    const bare = { ...config, hyper: { ...ADAM, eps: 0 }, codecs: [raw, raw] };
    const fresh = freshTensor(bare, "w", Float32Array.of(1, 1));
    const tiny = oracleStep(bare, fresh, Float32Array.of(1e-30, 1e-3), 1, 0n);
    expect(tiny.p[0]).toBe(1);
    expect(tiny.p[1]).not.toBe(1);
    expect(tiny.states[0]!.values[0]).toBeCloseTo(1e-31, 36);
    const next = oracleStep(bare, tiny, Float32Array.of(1e-3, 1e-3), 2, 0n);
    expect(next.p[0]).not.toBe(1);
    const broken = oracleStep(
      bare,
      { ...fresh, p: Float32Array.of(Number.NaN, 1) },
      Float32Array.of(1, 1),
      1,
      0n,
    );
    expect(broken.p[0]).toBeNaN();
    expect(broken.states.map(({ values }) => values[0])).toEqual(
      broken.states.map(({ values }) => values[1]),
    );
  });

  test("hold: a gradient that is not finite is held even if nothing it would change is", () => {
    const signs: Rule<object> = { states: [], at: () => (p, g) => ({ p: p - Math.sign(g), states: [] }) };
    const signConfig = { rule: signs, hyper: {}, codecs: [] };
    const fresh = freshTensor({ ...signConfig, nonfinite: "hold" }, "w", Float32Array.of(5, 5));
    const g = Float32Array.of(Number.POSITIVE_INFINITY, 1);
    expect([...oracleStep({ ...signConfig, nonfinite: "hold" }, fresh, g, 1, 0n).p]).toEqual([5, 4]);
    expect([...oracleStep({ ...signConfig, nonfinite: "propagate" }, fresh, g, 1, 0n).p]).toEqual([4, 4]);
  });

  test("propagate is IEEE, and codes stay what they are", () => {
    const ieee = oracleStep({ ...config, nonfinite: "propagate" }, start, bad, 2, 0n);
    expect([...ieee.p].map(Number.isFinite)).toEqual([true, true, false, true, true, false, true, true]);
    for (const { values } of ieee.states) expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe("states", () => {
  test("the words and scales that are stored, by size", () => {
    for (const n of [0, 1, 4, 5, 11]) {
      const tensor = oracleStep(config, freshTensor(config, "w", ramp(n, 1)), ramp(n, 1), 1, 0n);
      expect(tensor.p).toHaveLength(n);
      for (const [k, bits] of [4, 3].entries()) {
        const state = tensor.states[k];
        if (state?.kind !== "codes") throw new Error("not codes");
        expect(state.words).toHaveLength(Math.ceil((n * bits) / 32));
        expect(state.scales).toHaveLength(Math.ceil(n / 4));
        expect(state.values).toHaveLength(n);
      }
    }
  });

  test("a tensor below minSize keeps the state as float32", () => {
    const codecs = [{ ...first, minSize: 12 }, second];
    const kinds = (n: number) =>
      freshTensor({ ...config, codecs }, "w", ramp(n, 1)).states.map((s) => s.kind);
    expect(kinds(11)).toEqual(["float32", "codes"]);
    expect(kinds(12)).toEqual(["codes", "codes"]);
    const stepped = oracleStep(
      { ...config, codecs },
      freshTensor({ ...config, codecs }, "w", ramp(11, 1)),
      ramp(11, 1),
      1,
      0n,
    );
    expect(stepped.states.map((s) => s.kind)).toEqual(["float32", "codes"]);
  });

  test("a step changes nothing it was given", () => {
    const before = freshTensor(config, "w", ramp(9, 1));
    const copy = structuredClone(before);
    oracleStep(config, before, ramp(9, 1), 1, 0n);
    expect(before).toEqual(copy);
  });

  test("each stochastic state draws from its own stream, counted among the stochastic ones", () => {
    const noisy: StateCodec = { ...second, rounding: "stochastic" };
    const g = ramp(40, 0.37);
    const values = oracleStep(
      { ...config, codecs: [raw, raw] },
      freshTensor(config, "w", g),
      g,
      1,
      7n,
    ).states;
    const stream = (k: number) => (i: number) => randomAt(streamKey(7n, 1, k, "w"), i);
    for (const [codecs, streams] of [
      [
        [first, noisy],
        [-1, 0],
      ],
      [
        [bfloat, noisy],
        [0, 1],
      ],
    ] as const) {
      const noisyConfig = { ...config, codecs };
      const found = oracleStep(noisyConfig, freshTensor(noisyConfig, "w", g), g, 1, 7n).states;
      const wanted = values.map((s, k) =>
        store(s.values, codecs[k] as StateCodec, stream(streams[k] as number)),
      );
      expect(found).toEqual(wanted);
    }
  });
});
