import { describe, expect, test } from "vitest";
import { openDevice } from "../../runtime/index.js";
import { readGoldens } from "../goldens/read.js";
import { compiled, distance } from "./compiled.js";
import { Evaluated } from "./evaluated.js";
import { type Family, families } from "./families.js";
import { instantiate } from "./instance.js";

const goldens = readGoldens("trajectories.safetensors");
const TENSORS = ["w", "emb", "vec", "conv", "bias"];
const STEPS = 10;

type Tensors = Record<string, Float32Array>;
const tensors = (prefix: string): Tensors =>
  Object.fromEntries(TENSORS.map((name) => [name, goldens.f32(`${prefix}/${name}`)]));

/** Parameters after the first and the last step: of the generated TypeScript, which equals the evaluator bit for bit. */
async function trajectory(text: string): Promise<{ first: Tensors; last: Tensors }> {
  const built = compiled(text);
  const { Optimizer } = await instantiate(built);
  const device = await openDevice("typescript");
  const optimizer = new Optimizer(device, tensors("p0"));
  const evaluated = new Evaluated(built, tensors("p0"));
  let first: Tensors = {};
  for (let t = 1; t <= STEPS; t++) {
    optimizer.step(tensors(`g${t}`));
    evaluated.step(tensors(`g${t}`));
    if (t === 1) first = await optimizer.readParams();
  }
  const last = await optimizer.readParams();
  for (const name of TENSORS) expect(last[name]).toEqual(evaluated.arrays[name]?.p);
  return { first, last };
}

describe.each(families)("$name", (family: Family) => {
  test.each(family.texts)("$order order", { timeout: 120_000 }, async ({ text }) => {
    const { first, last } = await trajectory(text);
    const float32 =
      family.float32 === null
        ? (await trajectory(family.unquantized(text))).last
        : tensors(`${family.float32}/p10`);
    for (const name of TENSORS) {
      const [p1, p10] = [goldens.f32(`${family.name}/p1/${name}`), goldens.f32(`${family.name}/p10/${name}`)];
      expect(distance(first[name] as Float32Array, p1) / distance(p1), `${name}, step 1`).toBeLessThan(1e-6);
      const deviation = distance(p10, float32[name]);
      // Where a library keeps a tensor in float32 there is no deviation to compare: the parameters are its own.
      if (deviation / distance(p10) < 1e-6) {
        expect(distance(last[name] as Float32Array, p10) / distance(p10), `${name}, step 10`).toBeLessThan(
          1e-6,
        );
        continue;
      }
      const ours = distance(last[name] as Float32Array, float32[name]);
      expect(Math.abs(ours / deviation - 1), `${name}, deviation after ten steps`).toBeLessThan(0.05);
    }
  });
});
