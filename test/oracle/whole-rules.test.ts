import { describe, expect, test } from "vitest";
import {
  adafactor,
  adafactorWithMomentum,
  adagrad,
  adamw,
  factoredAdamw,
  lamb,
  lars,
  relativeAdafactor,
  sm3,
} from "./optimizers.js";
import type { Rule } from "./rule.js";
import type { StateCodec } from "./state.js";
import { freshTensor, type OracleConfig, type OracleTensor, oracleStep } from "./step.js";
import type { TensorRule } from "./tensor-rule.js";
import { sizeOf, viewOf } from "./view.js";

const ADAFACTOR = { lr: 0.5, decay: 0.8, eps1: 1e-30, eps2: 1e-3, d: 1 };
const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const FACTORED = { ...ADAM, eps1: 1e-30 };
const SM3 = { lr: 0.1, momentum: 0.9 };
const LARS = { lr: 0.1, momentum: 0.9, weight_decay: 1e-2, eta: 1e-3 };
const raw: StateCodec = { bits: 32 };

const wave = (n: number, phase: number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => scale * Math.sin(2.3 * i + phase) * 2 ** Math.cos(i + phase));
const norm = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));
const difference = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x - (b[i] as number));

/** The tensor before and after each of some steps with float32 states. */
function run<Hypers>(
  rule: Rule<Hypers> | TensorRule<Hypers>,
  hyper: Hypers,
  shape: readonly number[],
  gradients: readonly Float32Array[],
  start = wave(sizeOf(shape), 0.5, 0.1),
  nonfinite: "hold" | "propagate" = "hold",
): OracleTensor[] {
  const config: OracleConfig<Hypers> = { rule, hyper, codecs: rule.states.map(() => raw), nonfinite };
  const tensors = [freshTensor(config, "w", start, shape)];
  for (const [k, g] of gradients.entries()) {
    tensors.push(oracleStep(config, tensors[k] as OracleTensor, g, k + 1, 0n));
  }
  return tensors;
}

const last = (tensors: readonly OracleTensor[]): OracleTensor => tensors.at(-1) as OracleTensor;

describe("of mathematics", () => {
  const gradients = (n: number, steps = 5) => Array.from({ length: steps }, (_, t) => wave(n, t));

  test.each([1, 7, 128])("a vector of %i is not factored", (n) => {
    const found = last(run(factoredAdamw, FACTORED, [n], gradients(n)));
    const whole = last(run(adamw, ADAM, [n], gradients(n)));
    expect(norm(difference(found.p, whole.p)) / norm(whole.p)).toBeLessThan(1e-6);
    const [v, r] = [whole.states[1]?.values, found.states[1]?.values] as [Float32Array, Float32Array];
    expect(norm(difference(r, v)) / norm(v)).toBeLessThan(1e-6);
  });

  test("a second moment of rank one is not changed by its factors", () => {
    const [a, b] = [wave(5, 1), wave(7, 2)];
    const outer = Float32Array.from({ length: 35 }, (_, i) => (a[Math.floor(i / 7)] ?? 0) * (b[i % 7] ?? 0));
    const same = Array.from({ length: 5 }, () => outer);
    const found = last(run(factoredAdamw, FACTORED, [5, 7], same));
    const whole = last(run(adamw, ADAM, [5, 7], same));
    expect(norm(difference(found.p, whole.p)) / norm(whole.p)).toBeLessThan(1e-6);
  });

  test.each([
    { shape: [3, 5, 7], of: [5, 7] },
    { shape: [2, 3, 1, 11], of: [1, 11] },
    { shape: [3, 1, 13, 1], of: [13, 1] },
    { shape: [3, 1, 1, 1], of: [1, 1] },
  ])("a batch $shape is its matrices, where nothing is reduced over all of it", ({ shape, of }) => {
    const [n, size] = [sizeOf(shape), sizeOf(of)];
    const start = wave(n, 9);
    for (const [rule, hyper] of [
      [factoredAdamw, FACTORED],
      [sm3, SM3],
    ] as [TensorRule<unknown>, unknown][]) {
      const together = last(run(rule, hyper, shape, gradients(n), start));
      for (let k = 0; k < n / size; k++) {
        const part = (x: Float32Array) => x.slice(k * size, (k + 1) * size);
        const alone = last(run(rule, hyper, of, gradients(n).map(part), part(start)));
        expect(part(together.p)).toEqual(alone.p);
        for (const [s, { values }] of alone.states.entries()) {
          const from = k * values.length;
          expect(together.states[s]?.values.slice(from, from + values.length)).toEqual(values);
        }
      }
    }
  });

  test.each([[[]], [[1]], [[7]], [[1, 1]], [[5, 1]], [[1, 6]], [[5, 6]], [[2, 3, 5]], [[2, 1, 3, 5]]])(
    "shape %j: the states have one value a row and a column",
    (shape) => {
      const n = sizeOf(shape);
      const { batch, rows, cols } = viewOf(shape);
      for (const [rule, hyper] of [
        [adafactor, ADAFACTOR],
        [relativeAdafactor, ADAFACTOR],
        [adafactorWithMomentum, { ...ADAFACTOR, beta1: 0.9, weight_decay: 0.1 }],
        [sm3, SM3],
        [factoredAdamw, FACTORED],
        [lamb, ADAM],
        [lars, LARS],
      ] as [TensorRule<unknown>, unknown][]) {
        const steps = run(rule, hyper, shape, gradients(n, 3));
        const counts = { element: n, row: batch * rows, col: batch * cols, tensor: 1 };
        expect(last(steps).states.map(({ values }) => values.length)).toEqual(
          rule.shapes.map((s) => counts[s]),
        );
        expect(last(steps).p.every(Number.isFinite)).toBe(true);
        expect(last(steps).p).not.toEqual(steps[0]?.p);
      }
    },
  );

  test("Adafactor's update has a root mean square of lr*d at most", () => {
    for (const d of [0.25, 1]) {
      const [before, after] = run(adafactor, { ...ADAFACTOR, d }, [9, 11], gradients(99, 1)) as [
        OracleTensor,
        OracleTensor,
      ];
      const rms = norm(difference(after.p, before.p)) / Math.sqrt(99);
      expect(rms).toBeLessThanOrEqual(0.5 * d * (1 + 1e-6));
      if (d === 0.25) expect(rms).toBeCloseTo(0.125, 6);
    }
  });

  test("SM3's accumulators bound the sums of squares; of a vector they are these sums", () => {
    const shape = [2, 4, 5];
    const all = gradients(40, 8);
    const steps = run(sm3, SM3, shape, all);
    const sums = new Float64Array(40);
    for (const [t, g] of all.entries()) {
      const [, r, c] = (steps[t + 1] as OracleTensor).states.map(({ values }) => values) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (const [i, x] of g.entries()) {
        (sums[i] as number) += x * x;
        const [row, col] = [r[Math.floor(i / 5)], c[Math.floor(i / 20) * 5 + (i % 5)]] as [number, number];
        expect(Math.min(row, col)).toBeGreaterThanOrEqual((sums[i] as number) * (1 - 1e-6));
      }
    }
    const own = { lr: 0.1, lr_decay: 0, eps: 0, weight_decay: 0 };
    const vector = run(sm3, { ...SM3, momentum: 0 }, [40], all);
    const expected = run(adagrad, own, [40], all);
    expect(last(vector).states[1]?.values).toEqual(last(expected).states[0]?.values);
    expect(norm(difference(last(vector).p, last(expected).p)) / norm(last(expected).p)).toBeLessThan(1e-6);
  });

  test("LAMB's step is as long as lr times the parameters", () => {
    const [before, after] = run(lamb, ADAM, [6, 7], gradients(42, 1)) as [OracleTensor, OracleTensor];
    expect(norm(difference(after.p, before.p)) / norm(before.p)).toBeCloseTo(1e-3, 6);
  });

  test("LARS without decay: the first step is as long as lr*eta times the parameters", () => {
    const [before, after] = run(lars, { ...LARS, eta: 0.5, weight_decay: 0 }, [6, 7], gradients(42, 1)) as [
      OracleTensor,
      OracleTensor,
    ];
    expect(norm(difference(after.p, before.p)) / norm(before.p)).toBeCloseTo(0.05, 6);
  });
});

describe("what is not finite", () => {
  const shape = [3, 4];
  const g = wave(12, 3);
  const bad = g.map((x, i) =>
    i === 5 ? Number.NaN : i === 7 ? Number.NEGATIVE_INFINITY : i === 8 ? 3e38 : x,
  );
  const without = g.map((x, i) => (i === 5 || i === 7 || i === 8 ? 0 : x));
  const rules = [
    ["factored AdamW", factoredAdamw, { ...FACTORED, eps1: 0 }, 1],
    ["Adafactor", adafactor, { ...ADAFACTOR, eps1: 0 }, 0],
    ["LARS", lars, LARS, 0],
  ] as unknown as [string, TensorRule<unknown>, unknown, number][];

  test.each(rules)("hold: it is as if its term were 0, and its element stays: %s", (_, rule, hyper) => {
    const first = [wave(12, 1)];
    const [, before, held] = run(rule, hyper, shape, [...first, bad]) as [
      OracleTensor,
      OracleTensor,
      OracleTensor,
    ];
    const clean = last(run(rule, hyper, shape, [...first, without]));
    for (let i = 0; i < 12; i++) {
      // 3e38 is finite itself and LARS takes no square of it element by element.
      if (i === 8) continue;
      const from = i === 5 || i === 7 ? before : clean;
      expect(held.p[i]).toBe(from.p[i]);
    }
    for (const [k, { values }] of held.states.entries()) {
      if (rule.shapes[k] !== "element") expect(values).toEqual(clean.states[k]?.values);
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test("hold: a value of a row that would not be finite stays, and the elements see it so", () => {
    const squares: TensorRule<object> = {
      states: ["r"],
      shapes: ["row"],
      at:
        () =>
        ({ kept, add, sub, mul, rowmax }, p, g, [r0 = p]) => {
          const r = kept(add(r0, mul(rowmax(g), 2)), r0);
          return { p: sub(p, r), states: [r] };
        },
    };
    const start = Float32Array.of(1, 2, 3, 4);
    const gradient = Float32Array.of(1, 0, 3e38, 0);
    const held = last(run(squares, {}, [2, 2], [gradient], start));
    expect(held.p).toEqual(Float32Array.of(-1, 0, 3, 4));
    expect(held.states[0]?.values).toEqual(Float32Array.of(2, 0));
    const ieee = last(run(squares, {}, [2, 2], [gradient], start, "propagate"));
    const inf = Number.POSITIVE_INFINITY;
    expect(ieee.p).toEqual(Float32Array.of(-1, 0, -inf, -inf));
    expect(ieee.states[0]?.values).toEqual(Float32Array.of(2, inf));
  });

  test("hold: SM3's accumulators do not shrink", () => {
    const steps = run(sm3, SM3, shape, [wave(12, 1), g.map(() => Number.NaN)]);
    const [, before, held] = steps as [OracleTensor, OracleTensor, OracleTensor];
    expect(held).toEqual(before);
  });

  test("propagate: one NaN reaches what a sum over it reaches, and no more", () => {
    const one = g.map((x, i) => (i === 5 ? Number.NaN : x));
    const finite = (rule: TensorRule<unknown>, hyper: unknown, shape: readonly number[]) =>
      [...last(run(rule, hyper, shape, [one], undefined, "propagate")).p].map(Number.isFinite);
    expect(finite(lars as TensorRule<unknown>, LARS, shape).some(Boolean)).toBe(true);
    // Two matrices: the second of them has no NaN.
    const found = finite(factoredAdamw as TensorRule<unknown>, FACTORED, [2, 3, 2]);
    expect(found).toEqual(Array.from({ length: 12 }, (_, i) => i >= 6));
  });
});

describe("zeros", () => {
  test("a gradient of zeros moves nothing but by decay, and leaves finite states", () => {
    const zeros = new Float32Array(12);
    for (const [rule, hyper, decayed] of [
      [adafactor, ADAFACTOR, 0],
      [sm3, SM3, 0],
      [factoredAdamw, FACTORED, 1e-5],
      [lamb, { ...ADAM, weight_decay: 0 }, 0],
      [lars, LARS, 1e-3],
    ] as [TensorRule<unknown>, unknown, number][]) {
      const [before, after] = run(rule, hyper, [3, 4], [zeros]) as [OracleTensor, OracleTensor];
      const expected = before.p.map((x) => x - decayed * x);
      expect(norm(difference(after.p, expected)) / norm(expected)).toBeLessThan(1e-7);
      for (const { values } of after.states) expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test.each([[[0]], [[0, 3]], [[3, 0]], [[2, 0, 3]]])("shape %j: a tensor without elements", (shape) => {
    for (const [rule, hyper] of [
      [adafactor, ADAFACTOR],
      [sm3, SM3],
      [lamb, ADAM],
    ] as [TensorRule<unknown>, unknown][]) {
      const { p, states } = last(run(rule, hyper, shape, [new Float32Array()]));
      expect(p).toHaveLength(0);
      for (const { values } of states) expect(values.every((x) => x === 0)).toBe(true);
    }
  });

  test("rows and columns of zeros beside others", () => {
    const sparse = wave(35, 1).map((x, i) => (i % 7 === 2 || Math.floor(i / 7) === 3 ? 0 : x));
    for (const [rule, hyper] of [
      [adafactor, ADAFACTOR],
      [sm3, SM3],
      [factoredAdamw, { ...FACTORED, weight_decay: 0 }],
    ] as [TensorRule<unknown>, unknown][]) {
      const [before, after] = run(rule, hyper, [5, 7], [sparse, sparse]) as [OracleTensor, OracleTensor];
      for (const [i, x] of sparse.entries()) {
        expect(Number.isFinite(after.p[i])).toBe(true);
        expect(after.p[i] === before.p[i]).toBe(x === 0);
      }
    }
  });
});

describe("wrong use", () => {
  const config = (rule: TensorRule<object>, codecs: readonly StateCodec[]) =>
    ({ rule, hyper: {}, codecs, nonfinite: "hold" }) as const;
  const rule = (shapes: TensorRule<object>["shapes"]): TensorRule<object> => ({
    states: ["r"],
    shapes,
    at: () => (_, p) => ({ p, states: [p] }),
  });

  test("a state of another shape, a codec for rows, a shape that is not the tensor's", () => {
    const row = config(rule(["row"]), [raw]);
    const tensor = freshTensor(row, "w", wave(6, 0), [2, 3]);
    expect(() => oracleStep(row, tensor, wave(6, 1), 1, 0n)).toThrow("element value where a row one is kept");
    const coded = config(rule(["row"]), [{ bits: 16, rounding: "nearest", minSize: 0 }]);
    expect(() => freshTensor(coded, "w", wave(6, 0), [2, 3])).toThrow("state r has one value a row: float32");
    expect(() => freshTensor(row, "w", wave(6, 0), [2, 4])).toThrow("6 values for the shape [2,4]");
  });

  test("a step changes nothing it was given", () => {
    const given = {
      rule: factoredAdamw,
      hyper: FACTORED,
      codecs: [raw, raw, raw],
      nonfinite: "hold",
    } as const;
    const before = oracleStep(given, freshTensor(given, "w", wave(6, 0), [2, 3]), wave(6, 1), 1, 0n);
    const copy = structuredClone(before);
    oracleStep(given, before, wave(6, 2), 2, 0n);
    expect(before).toEqual(copy);
  });
});
