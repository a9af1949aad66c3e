import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openDevice } from "../../runtime/index.js";
import { readGoldens } from "../goldens/read.js";
import { compiled, distance } from "./compiled.js";
import { Evaluated } from "./evaluated.js";
import { instantiate } from "./instance.js";

// Rules that reduce and rank-1 scales, by the published libraries' own update text or by the shipped spec.

const inputs = readGoldens("trajectories.safetensors");
const goldens = readGoldens("whole-tensors.safetensors");
const STEPS = 10;
const shapes: Readonly<Record<string, readonly number[]>> = {
  w: [64, 128],
  emb: [75, 64],
  vec: [6000],
  conv: [16, 8, 3, 3],
  bias: [100],
};
const all = Object.keys(shapes);

const start = (names: readonly string[]) =>
  Object.fromEntries(
    names.map((name) => [name, { data: inputs.f32(`p0/${name}`), shape: shapes[name] ?? [] }]),
  );
const gradients = (t: number, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, inputs.f32(`g${t}/${name}`)]));

/** A spec of this repository; the library keeps tensors of at most 4,096 elements in float32. */
function shipped(name: string, hyper: Readonly<Record<string, number>> = {}): string {
  const text = readFileSync(new URL(`../../spec/${name}.yaml`, import.meta.url), "utf8");
  const sized = text.replace(/rounding: nearest \}/g, "rounding: nearest, min_size: 4097 }");
  return Object.entries(hyper).reduce(
    (changed, [key, value]) => changed.replace(new RegExp(`^  ${key}: .*$`, "m"), `  ${key}: ${value}`),
    sized,
  );
}

const unquantized = (text: string): string => text.replace(/\{ bits: 4,.*\}$/gm, "{ bits: 32 }");

/** The parameters after the first and after the last step, from the TypeScript that equals the evaluator bit for bit. */
async function trajectory(text: string, names: readonly string[]) {
  const built = compiled(text);
  const { Optimizer } = await instantiate(built);
  const optimizer = new Optimizer(await openDevice("typescript"), start(names));
  const evaluated = new Evaluated(built, start(names));
  let first: Record<string, Float32Array> = {};
  for (let t = 1; t <= STEPS; t++) {
    optimizer.step(gradients(t, names));
    evaluated.step(gradients(t, names));
    if (t === 1) first = await optimizer.readParams();
  }
  const last = await optimizer.readParams();
  for (const name of names) {
    expect({ p: last[name], ...(await optimizer.state(name)) }).toEqual(evaluated.arrays[name]);
  }
  return { first, last };
}

const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const moments = "states: { m: { bits: 32 }, v: { bits: 32 } }";

/**
 * bitsandbytes has rules of its own under these names: the step is only cut, to the length of the parameters (LAMB) or to
 * 0.02 of it (LARS), and weight decay stands elsewhere.
 */
const bnbLamb = `name: peer
hyper: ${JSON.stringify(adam)}
${moments}
update: |
  m = beta1*m + (1 - beta1)*g
  v = beta2*v + (1 - beta2)*g*g
  u = (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
  p = p - lr*min(norm(p)/norm(u), 1)*u
  p = p - lr*weight_decay*p
`;
const bnbLars = `name: peer
hyper: { lr: 1e-2, momentum: 0.9, weight_decay: 1e-4, max_unorm: 0.02 }
states: { m: { bits: 32 } }
update: |
  cut = max_unorm*norm(p) / norm(momentum*m + g)
  m = momentum*m + (g + weight_decay*p)
  p = p - lr*min(cut, 1)*m
`;

describe.each([
  { library: "torch_adafactor", text: shipped("adafactor-32bit"), names: all },
  { library: "bnb_lamb32", text: bnbLamb, names: all },
  { library: "bnb_lars32", text: bnbLars, names: all },
])("$library", ({ library, text, names }) => {
  test("ten steps", { timeout: 60_000 }, async () => {
    const { first, last } = await trajectory(text, names);
    for (const name of names) {
      const [p1, p10] = [goldens.f32(`${library}/p1/${name}`), goldens.f32(`${library}/p${STEPS}/${name}`)];
      expect(distance(first[name] as Float32Array, p1) / distance(p1), `${name}, step 1`).toBeLessThan(1e-6);
      expect(distance(last[name] as Float32Array, p10) / distance(p10), `${name}, step 10`).toBeLessThan(
        1e-6,
      );
    }
  });
});

describe.each([
  { library: "lpmm_adamw4_rank1", text: shipped("adamw-4bit"), names: all },
  // That library keeps the second moment of a vector whole, in 4 bits.
  { library: "lpmm_factor4", text: shipped("factor-4bit"), names: ["w", "emb", "conv"] },
])("$library", ({ library, text, names }) => {
  test("ten steps, and how far they deviate from float32 states", { timeout: 60_000 }, async () => {
    const { first, last } = await trajectory(text, names);
    const float32 = await trajectory(unquantized(text), names);
    let deviating = 0;
    for (const name of names) {
      const [p1, p10] = [goldens.f32(`${library}/p1/${name}`), goldens.f32(`${library}/p${STEPS}/${name}`)];
      const [ours, exact] = [last[name], float32.last[name]] as [Float32Array, Float32Array];
      expect(distance(first[name] as Float32Array, p1) / distance(p1), `${name}, step 1`).toBeLessThan(1e-6);
      const deviation = distance(p10, exact);
      if (deviation / distance(p10) < 1e-6) {
        expect(distance(ours, p10) / distance(p10), `${name}, step 10`).toBeLessThan(1e-6);
        continue;
      }
      deviating++;
      expect(Math.abs(distance(ours, exact) / deviation - 1), `${name}, size`).toBeLessThan(0.05);
      expect(distance(ours, p10) / deviation, `${name}, the deviation itself`).toBeLessThan(0.05);
    }
    expect(deviating).toBeGreaterThan(0);
  });
});
