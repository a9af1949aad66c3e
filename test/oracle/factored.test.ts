import { describe, expect, test } from "vitest";
import { float32, float64 } from "./arithmetic.js";
import { type Field, fieldsOf } from "./fields.js";
import {
  adafactor,
  adafactorWithMomentum,
  factoredAdamw,
  lamb,
  lars,
  relativeAdafactor,
  sm3,
} from "./optimizers.js";
import type { TensorRule } from "./tensor-rule.js";
import { type FieldShape, viewOf } from "./view.js";

const ADAFACTOR = { lr: 0.5, decay: 0.8, eps1: 1e-30, eps2: 1e-3, d: 1 };
const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const FACTORED = { ...ADAM, eps1: 1e-30 };
const SM3 = { lr: 0.1, momentum: 0.9 };
const LARS = { lr: 0.1, momentum: 0.9, weight_decay: 1e-2, eta: 1e-3 };

const wave = (n: number, phase: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(2.3 * i + phase) * 2 ** Math.cos(i + phase));
const norm = (x: ArrayLike<number>): number => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));

/** One step in float64 of a [2, 2] matrix, by plain numbers. */
function inFloat64<Hypers>(
  rule: TensorRule<Hypers>,
  hyper: Hypers,
  t: number,
  p: number[],
  g: number[],
  ...states: number[][]
): { p: number[]; states: number[][] } {
  const field = (shape: FieldShape, data: number[]): Field => ({ shape, data: Float64Array.from(data) });
  const after = rule.at(hyper, t, float64)(
    fieldsOf(viewOf([2, 2]), float64, "hold"),
    field("element", p),
    field("element", g),
    states.map((data, k) => field(rule.shapes[k] as FieldShape, data)),
  );
  expect(after.states.map(({ shape }) => shape)).toEqual(rule.shapes);
  return { p: [...after.p.data], states: after.states.map(({ data }) => [...data]) };
}

function near(found: number[] | undefined, wanted: number[]): void {
  expect(found).toHaveLength(wanted.length);
  for (const [i, x] of wanted.entries()) expect(found?.[i]).toBeCloseTo(x, 13);
}

describe("update rules, by hand in float64", () => {
  const [p, g] = [
    [1, -2, 3, 0.5],
    [0.5, -1, 0.25, 2],
  ];
  const [r, c] = [
    [0.5, 1],
    [0.25, 2],
  ];
  // Means of squares: rows 0.625 and 2.03125, columns 0.15625 and 2.5.
  const rows = [0.625, 2.03125];
  const cols = [0.15625, 2.5];
  const blend = (beta: number, old: number[], fresh: number[]) =>
    old.map((x, i) => beta * x + (1 - beta) * (fresh[i] as number));
  const outer = (r: number[], c: number[]) => {
    const mean = ((r[0] as number) + (r[1] as number)) / 2;
    return r.flatMap((x) => c.map((y) => (x * y) / mean));
  };

  test("Adafactor, clipped and not", () => {
    const beta2 = 1 - 3 ** -0.8;
    const [r1, c1] = [blend(beta2, r, rows), blend(beta2, c, cols)];
    const u = outer(r1, c1).map((v, i) => (g[i] as number) / Math.sqrt(v));
    const rms = Math.sqrt(u.reduce((sum, x) => sum + x * x, 0) / 4);
    expect(rms).toBeGreaterThan(0.9);
    for (const d of [0.5, 2]) {
      const found = inFloat64(adafactor, { ...ADAFACTOR, d }, 3, p, g, r, c);
      const cut = Math.max(1, rms / d);
      near(
        found.p,
        p.map((x, i) => x - (0.5 * (u[i] as number)) / cut),
      );
      near(found.states[0], r1);
      near(found.states[1], c1);
      const scale = Math.sqrt((1 + 4 + 9 + 0.25) / 4);
      const relative = inFloat64(relativeAdafactor, { ...ADAFACTOR, d }, 3, p, g, r, c);
      near(
        relative.p,
        p.map((x, i) => x - (0.5 * scale * (u[i] as number)) / cut),
      );
      const floored = inFloat64(relativeAdafactor, { ...ADAFACTOR, d, eps2: 8 }, 3, p, g, r, c);
      near(
        floored.p,
        p.map((x, i) => x - (0.5 * 8 * (u[i] as number)) / cut),
      );
    }
  });

  test("Adafactor with momentum and decay", () => {
    const m = [0.5, 0, -0.5, 1];
    const hyper = { ...ADAFACTOR, beta1: 0.8, weight_decay: 0.125, d: 0.5 };
    const found = inFloat64(adafactorWithMomentum, hyper, 3, p, g, m, r, c);
    // Its step without momentum and decay is the plain rule's.
    const plain = inFloat64(adafactor, { ...ADAFACTOR, d: 0.5 }, 3, p, g, r, c);
    const m1 = m.map((x, i) => 0.8 * x + 0.2 * ((p[i] as number) - (plain.p[i] as number)));
    near(found.states[0], m1);
    expect(found.states.slice(1)).toEqual(plain.states);
    near(
      found.p,
      p.map((x, i) => x - 0.5 * 0.125 * x - (m1[i] as number)),
    );
  });

  test("Adafactor forgets its first state: beta2 of step 1 is 0", () => {
    const found = inFloat64(adafactor, ADAFACTOR, 1, p, g, [7, 7], [9, 9]);
    near(found.states[0], rows);
    near(found.states[1], cols);
  });

  test("SM3-II", () => {
    const m = [0.5, 0, -0.5, 1];
    const v = [0.25 + 0.25, 0.5 + 1, 0.25 + 0.0625, 1 + 4];
    const found = inFloat64(sm3, SM3, 3, p, g, m, r, c);
    const m1 = m.map((x, i) => 0.9 * x + (0.1 * (g[i] as number)) / Math.sqrt(v[i] as number));
    near(found.states[0], m1);
    near(found.states[1], [1.5, 5]);
    near(found.states[2], [0.5, 5]);
    near(
      found.p,
      p.map((x, i) => x - 0.1 * (m1[i] as number)),
    );
  });

  test("AdamW with a factored second moment", () => {
    const m = [0.5, 0, -0.5, 1];
    const found = inFloat64(factoredAdamw, FACTORED, 3, p, g, m, r, c);
    const m1 = blend(0.9, m, g);
    const [r1, c1] = [blend(0.999, r, rows), blend(0.999, c, cols)];
    const v = outer(r1, c1);
    near(found.states[0], m1);
    near(found.states[1], r1);
    near(found.states[2], c1);
    near(
      found.p,
      p.map((x, i) => {
        const root = Math.sqrt((v[i] as number) / (1 - 0.999 ** 3));
        return x - 1e-5 * x - (1e-3 * ((m1[i] as number) / (1 - 0.9 ** 3))) / (root + 1e-8);
      }),
    );
  });

  test("LAMB", () => {
    const [m, v] = [
      [0.5, 0, -0.5, 1],
      [1, 2, 3, 4],
    ];
    const found = inFloat64(lamb, ADAM, 3, p, g, m, v);
    const m1 = blend(0.9, m, g);
    const v1 = blend(
      0.999,
      v,
      g.map((x) => x * x),
    );
    const u = p.map((x, i) => {
      const root = Math.sqrt((v1[i] as number) / (1 - 0.999 ** 3));
      return (m1[i] as number) / (1 - 0.9 ** 3) / (root + 1e-8) + 1e-2 * x;
    });
    near(found.states[0], m1);
    near(found.states[1], v1);
    near(
      found.p,
      p.map((x, i) => x - ((1e-3 * norm(p)) / norm(u)) * (u[i] as number)),
    );
  });

  test("LARS", () => {
    const m = [0.5, 0, -0.5, 1];
    const found = inFloat64(lars, LARS, 3, p, g, m);
    const trust = (1e-3 * norm(p)) / (norm(g) + 1e-2 * norm(p));
    const m1 = m.map((x, i) => 0.9 * x + 0.1 * trust * ((g[i] as number) + 1e-2 * (p[i] as number)));
    near(found.states[0], m1);
    near(
      found.p,
      p.map((x, i) => x - (m1[i] as number)),
    );
  });

  test("the trust ratio of a tensor or an update that is 0 is 1", () => {
    const zero = [0, 0, 0, 0];
    const moved = inFloat64(lamb, ADAM, 1, zero, g, zero, zero);
    near(
      moved.p,
      g.map((x) => (-1e-3 * x) / (Math.abs(x) + 1e-8)),
    );
    expect(inFloat64(lamb, { ...ADAM, weight_decay: 0 }, 1, p, zero, zero, zero).p).toEqual(p);
    near(
      inFloat64(lars, LARS, 1, zero, g, zero).p,
      g.map((x) => -0.1 * x),
    );
    near(
      inFloat64(lars, LARS, 1, p, zero, zero).p,
      p.map((x) => x - 0.1 * 1e-2 * x),
    );
  });
});

describe("float32 rounds each operation, in the order written", () => {
  const f = Math.fround;
  const root = (x: number) => f(Math.sqrt(x));
  const [beta1, rest1, beta2, rest2] = [f(0.9), f(1 - 0.9), f(0.999), f(1 - 0.999)];
  const [correction1, correction2] = [f(1 - 0.9 ** 3), f(1 - 0.999 ** 3)];
  const [eps, lr, decay] = [f(1e-8), f(0.7), f(0.7 * 1e-2)];

  type Pair = readonly [number, number];
  const each = (map: (row: 0 | 1) => number): Pair => [map(0), map(1)];
  const mean = ([a, b]: Pair) => f(f(a + b) / 2);
  const squares = (x: Pair) => each((k) => f(x[k] * x[k]));
  const norm = (x: Pair) => root(f(squares(x)[0] + squares(x)[1]));

  /**
   * The third step of many columns of two rows, [2, 1]; parameters are small beside the step, so that no rounding of it is
   * lost in them. `expected` gives the parameters and the states.
   */
  function check<Hypers>(
    rule: TensorRule<Hypers>,
    hyper: Hypers,
    expected: (p: Pair, g: Pair, states: readonly Pair[]) => (Pair | readonly [number])[],
  ): void {
    const update = rule.at(hyper, 3, float32);
    for (let i = 1; i <= 200; i++) {
      const x = wave(10, i);
      const pair = (k: number): Pair => [f(x[2 * k] as number), f(x[2 * k + 1] as number)];
      const p = each((k) => f(pair(0)[k] * 1e-4));
      const states = rule.shapes.map((shape, k): Pair => {
        const isMoment = shape === "element" && k === 0;
        return each((row) => (isMoment ? pair(k + 2)[row] : Math.abs(pair(k + 2)[row])));
      });
      const field = (shape: FieldShape, [a, b]: Pair): Field => ({
        shape,
        data: shape === "col" ? Float64Array.of(a) : Float64Array.of(a, b),
      });
      const given = rule.shapes.map((shape, k) => field(shape, states[k] as Pair));
      const fields = fieldsOf(viewOf([2, 1]), float32, "hold");
      const after = update(fields, field("element", p), field("element", pair(1)), given);
      expect([after.p, ...after.states].map(({ data }) => [...data])).toEqual(expected(p, pair(1), states));
    }
  }

  test("Adafactor, its relative step, its momentum", () => {
    const beta = 1 - 3 ** -0.8;
    const [kept, rest, floor] = [f(beta), f(1 - beta), f(1e-6)];
    const factors = (g: Pair, r0: Pair, [c0]: Pair) => {
      const s = each((k) => f(f(g[k] * g[k]) + floor));
      const r = each((k) => f(f(kept * r0[k]) + f(rest * s[k])));
      const c = f(f(kept * c0) + f(rest * mean(s)));
      const u = each((k) => f(g[k] / root(f(f(r[k] / mean(r)) * c))));
      const cut = Math.max(1, f(root(mean(squares(u))) / f(0.7)));
      return { r, c, u, cut };
    };
    const hyper = { ...ADAFACTOR, lr: 0.7, eps1: 1e-6, d: 0.7 };
    check(adafactor, hyper, (p, g, [r0, c0] = []) => {
      const { r, c, u, cut } = factors(g, r0 as Pair, c0 as Pair);
      return [each((k) => f(p[k] - f(f(lr * u[k]) / cut))), r, [c]];
    });
    check(relativeAdafactor, { ...hyper, eps2: 1e-9 }, (p, g, [r0, c0] = []) => {
      const { r, c, u, cut } = factors(g, r0 as Pair, c0 as Pair);
      const step = f(lr * root(mean(squares(p))));
      return [each((k) => f(p[k] - f(f(step * u[k]) / cut))), r, [c]];
    });
    const momentum = { ...hyper, beta1: 0.9, weight_decay: 1e-2 };
    check(adafactorWithMomentum, momentum, (p, g, [m0, r0, c0] = []) => {
      const { r, c, u, cut } = factors(g, r0 as Pair, c0 as Pair);
      const step = f((1 - 0.9) * 0.7);
      const m = each((k) => f(f(beta1 * (m0 as Pair)[k]) + f(f(step * u[k]) / cut)));
      return [each((k) => f(f(p[k] - f(decay * p[k])) - m[k])), m, r, [c]];
    });
  });

  test("SM3", () => {
    check(sm3, { lr: 0.7, momentum: 0.9 }, (p, g, states) => {
      const [m0, r0, [c0]] = states as [Pair, Pair, Pair];
      const v = each((k) => f(Math.min(r0[k], c0) + f(g[k] * g[k])));
      const m = each((k) => f(f(beta1 * m0[k]) + f(rest1 * f(g[k] / root(v[k])))));
      const r = each((k) => Math.max(r0[k], v[k]));
      return [each((k) => f(p[k] - f(lr * m[k]))), m, r, [Math.max(c0, ...v)]];
    });
  });

  test("AdamW with a factored second moment", () => {
    check(factoredAdamw, { ...FACTORED, lr: 0.7, eps1: 1e-6 }, (p, g, states) => {
      const [m0, r0, [c0]] = states as [Pair, Pair, Pair];
      const s = each((k) => f(f(g[k] * g[k]) + f(1e-6)));
      const m = each((k) => f(f(beta1 * m0[k]) + f(rest1 * g[k])));
      const r = each((k) => f(f(beta2 * r0[k]) + f(rest2 * s[k])));
      const c = f(f(beta2 * c0) + f(rest2 * mean(s)));
      const change = each((k) => {
        const v = f(f(r[k] / mean(r)) * c);
        return f(f(lr * f(m[k] / correction1)) / f(root(f(v / correction2)) + eps));
      });
      return [each((k) => f(f(p[k] - f(decay * p[k])) - change[k])), m, r, [c]];
    });
  });

  test("LAMB", () => {
    // A step of LAMB is as long as lr times the parameters.
    check(lamb, { ...ADAM, lr: 0.7 }, (p, g, states) => {
      const [m0, v0] = states as [Pair, Pair];
      const m = each((k) => f(f(beta1 * m0[k]) + f(rest1 * g[k])));
      const v = each((k) => f(f(beta2 * v0[k]) + f(f(rest2 * g[k]) * g[k])));
      const u = each((k) =>
        f(f(f(m[k] / correction1) / f(root(f(v[k] / correction2)) + eps)) + f(f(1e-2) * p[k])),
      );
      const trust = f(norm(p) / norm(u));
      return [each((k) => f(p[k] - f(f(lr * trust) * u[k]))), m, v];
    });
  });

  test("LARS", () => {
    const [eta, coupled] = [f(100), f(1e-2)];
    check(lars, { ...LARS, lr: 0.7, eta: 100 }, (p, g, states) => {
      const [m0] = states as [Pair];
      const trust = f(f(eta * norm(p)) / f(norm(g) + f(coupled * norm(p))));
      const m = each((k) => f(f(beta1 * m0[k]) + f(f(lr * trust) * f(g[k] + f(coupled * p[k])))));
      return [each((k) => f(p[k] - m[k])), m];
    });
  });
});
