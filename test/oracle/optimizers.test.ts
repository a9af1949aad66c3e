import { describe, expect, test } from "vitest";
import { float32, float64 } from "./arithmetic.js";
import { adabelief, adagrad, adam, adamw, ademamix, lion, rmsprop, sgdm } from "./optimizers.js";

const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };

describe("update rules, by hand in float64", () => {
  // p, g and a state before; t = 2; what the paper's equations give.
  const [p, g, m, v, t] = [0.5, -0.25, 0.125, 0.0625, 2];
  const near = (found: number | undefined, wanted: number) => expect(found).toBeCloseTo(wanted, 14);

  test("AdamW and Adam", () => {
    const decoupled = adamw.at(ADAM, t, float64)(p, g, [m, v]);
    const [m1, v1] = [0.9 * m - 0.1 * 0.25, 0.999 * v + 0.001 * 0.0625];
    const move = (1e-3 * (m1 / 0.19)) / (Math.sqrt(v1 / 0.001999) + 1e-8);
    near(decoupled.p, 0.5 - 1e-5 * 0.5 - move);
    near(decoupled.states[0], m1);
    near(decoupled.states[1], v1);

    const coupled = adam.at(ADAM, t, float64)(p, g, [m, v]);
    const [m2, v2] = [0.9 * m - 0.1 * 0.245, 0.999 * v + 0.001 * 0.245 ** 2];
    near(coupled.p, 0.5 - (1e-3 * (m2 / 0.19)) / (Math.sqrt(v2 / 0.001999) + 1e-8));
    near(coupled.states[0], m2);
    near(coupled.states[1], v2);
  });

  test("SGD with momentum, RMSprop, Adagrad", () => {
    const sgd = sgdm.at({ lr: 0.1, momentum: 0.5, weight_decay: 0.1 }, t, float64)(p, g, [m]);
    near(sgd.states[0], 0.0625 - 0.2);
    near(sgd.p, 0.5 + 0.1 * 0.1375);
    const rms = rmsprop.at({ lr: 0.1, alpha: 0.5, eps: 1, weight_decay: 0.1 }, t, float64)(p, g, [v]);
    near(rms.states[0], 0.03125 + 0.5 * 0.04);
    near(rms.p, 0.5 + (0.1 * 0.2) / (Math.sqrt(0.05125) + 1));
    const ada = adagrad.at({ lr: 0.1, lr_decay: 0.25, eps: 1, weight_decay: 0.1 }, t, float64)(p, g, [v]);
    near(ada.states[0], 0.1025);
    near(ada.p, 0.5 + (0.08 * 0.2) / (Math.sqrt(0.1025) + 1));
  });

  test("Lion, whose sign of 0 is 0", () => {
    const hyper = { lr: 0.125, beta1: 0.75, beta2: 0.5, weight_decay: 0.5 };
    const update = lion.at(hyper, t, float64);
    expect(update(p, g, [m])).toEqual({ p: 0.5 - 0.0625 * 0.5 - 0.125, states: [-0.0625] });
    expect(update(p, -3 * m, [m])).toEqual({ p: 0.46875, states: [-m] });
    expect(update(p, -4 * m, [m]).p).toBe(0.46875 + 0.125);
  });

  test("AdaBelief, and AdEMAMix with and without warm-up", () => {
    const belief = adabelief.at(ADAM, t, float64)(p, g, [m, v]);
    const m1 = 0.9 * m - 0.1 * 0.25;
    const s1 = 0.999 * v + 0.001 * (g - m1) ** 2 + 1e-8;
    near(belief.states[1], s1);
    near(belief.p, 0.5 - 1e-5 * 0.5 - (1e-3 * (m1 / 0.19)) / (Math.sqrt(s1 / 0.001999) + 1e-8));

    const hyper = { ...ADAM, beta3: 0.99, alpha: 5, t_alpha: 1, t_beta3: 1 };
    const slow = 0.03125;
    const v1 = 0.999 * v + 0.001 * 0.0625;
    const root = Math.sqrt(v1 / 0.001999) + 1e-8;
    const plain = ademamix.at(hyper, t, float64)(p, g, [m, slow, v]);
    near(plain.states[1], 0.99 * slow - 0.01 * 0.25);
    near(plain.p, 0.5 - 1e-5 * 0.5 - (1e-3 * (m1 / 0.19 + 5 * (0.99 * slow - 0.0025))) / root);
    // Half way: the half-life, ln 2 / -ln beta, is the mean of those of beta1 and beta3; alpha is half of its own.
    const warm = ademamix.at({ ...hyper, t_alpha: 4, t_beta3: 4 }, t, float64)(p, g, [m, slow, v]);
    const beta3 = Math.exp(-2 / (-1 / Math.log(0.9) - 1 / Math.log(0.99)));
    near(warm.states[1], beta3 * slow - (1 - beta3) * 0.25);
    near(warm.p, 0.5 - 1e-5 * 0.5 - (1e-3 * (m1 / 0.19 + 2.5 * (beta3 * slow - (1 - beta3) * 0.25))) / root);
  });

  test("float32 rounds each operation, in the order written", () => {
    const f = Math.fround;
    const [beta2, rest] = [f(0.999), f(1 - 0.999)];
    const before = f(1e-4);
    const gradients = Float32Array.from({ length: 100 }, (_, i) => 0.013 * (i - 33));
    const update = adamw.at(ADAM, t, float32);
    const found = Array.from(gradients, (g) => update(0, g, [0, before]).states[1]);
    const kept = f(beta2 * before);
    expect(found).toEqual(Array.from(gradients, (g) => f(kept + f(f(rest * g) * g))));
    expect(found).not.toEqual(Array.from(gradients, (g) => f(kept + f(rest * f(g * g)))));
    expect(found).not.toEqual(Array.from(gradients, (g) => f(beta2 * before + rest * g * g)));
  });
});
