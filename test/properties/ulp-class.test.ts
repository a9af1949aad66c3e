import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import { StepBounds } from "../../generator/cli/fuzz/bounds.js";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import { contents } from "../../generator/cli/fuzz/cases.js";
import {
  type Compiled,
  kernelNamed,
  referenceStep,
  type TensorImage,
  uniformsOf,
  variantOf,
} from "../../generator/cli/fuzz/reference.js";
import { makeTensor, ordinaryFills } from "../../generator/cli/fuzz/tensors.js";
import type { Dtype, DtypePlan } from "../../generator/lower/plan.js";
import { resolve } from "../../generator/resolve.js";
import { toHalf } from "../../runtime/index.js";
import { emptyImage, shippedSpecs } from "./harness.js";
import { randomOf } from "./jitter.js";
import { jitterStep } from "./jitter-step.js";
import { oneMoment, twoMoments } from "./rules.js";
import { seed } from "./seed.js";
import { specs, textOf } from "./specs.js";

/** The classes that are no other's: what holds for one with wider bounds need not hold for a narrower one. */
const classes = [
  { name: "wgsl", accuracy: accuracyOf("webgpu"), runs: 400 },
  { name: "cuda, fast", accuracy: accuracyOf("cuda", "fast"), runs: 200 },
  { name: "cpu, fast", accuracy: accuracyOf("cpu", "fast"), runs: 200 },
].flatMap(({ accuracy, ...rest }) => (accuracy.kind === "ulp" ? [{ accuracy, ...rest }] : []));

test("every class of devices is tested", () => {
  expect(classes).toHaveLength(3);
});

function compiled(text: string): Compiled {
  const plan = resolve(text);
  if (!plan.ok) throw new Error(JSON.stringify(plan.diagnostics));
  return { plan: plan.value, kernels: build(plan.value) };
}

function stepKernel(spec: Compiled, length: number, suffix = "") {
  const variant = variantOf(spec, [length]);
  const pass = variant.passes.find(({ kind }) => kind === "step");
  const kernel = kernelNamed(spec, `${pass?.kernel}${suffix}`);
  if (!("update" in kernel)) throw new Error("a step is no fold");
  return { variant, kernel };
}

function stored(values: Float32Array, dtype: Dtype): Float32Array | Uint16Array {
  return dtype === "f32" ? values : toHalf(values, dtype).data;
}

function settingsOf({ plan }: Compiled, t: number) {
  const hypers = Object.fromEntries(plan.hypers.map(({ name, default: value }) => [name, value ?? 0]));
  return { hypers, t, seed: 1 };
}

test.each(classes)(
  "whatever a device of $name may do is within its bounds",
  { timeout: 120_000 },
  ({ accuracy, runs }) => {
    const tensor = fc.record({
      length: fc.constantFrom(1, 3, 40, 130),
      p: contents(),
      g: contents(),
      steps: fc.constantFrom(1, 3),
    });
    let steps = 0;
    const property = fc.property(
      specs([...twoMoments, ...oneMoment]),
      fc.array(tensor, { minLength: 4, maxLength: 8 }),
      fc.nat(),
      (random, tensors, seed) => {
        const spec = compiled(textOf(random));
        const choose = randomOf(seed);
        for (const [index, { length, p, g, steps: count }] of tensors.entries()) {
          const dtypes = spec.plan.dtypes[index % spec.plan.dtypes.length] as DtypePlan;
          const { suffix } = dtypes;
          const { variant, kernel } = stepKernel(spec, length, suffix);
          const start = stored(makeTensor({ length, ...p }), dtypes.param);
          let before = emptyImage(spec, start, "tensor0", [length], dtypes);
          for (let t = 1; t <= count; t++) {
            const uniforms = uniformsOf(spec, settingsOf(spec, t));
            const gradient = stored(makeTensor({ length, ...g, salt: g.salt + t }), dtypes.grad);
            const after = jitterStep(kernel, uniforms, accuracy, before, gradient, choose);
            const { difference } = new StepBounds(spec, variant, suffix, uniforms, accuracy).check(
              before,
              gradient,
              after,
            );
            expect(difference).toBeNull();
            before = after;
            steps++;
          }
        }
      },
    );
    fc.assert(property, { numRuns: runs, seed });
    expect(steps).toBeGreaterThan(5 * runs);
  },
);

describe.each(shippedSpecs(0))("$name", ({ text }) => {
  test.each(classes)(
    "over 99 % of the codes of ordinary tensors are pinned to one value on $name",
    ({ name, accuracy }) => {
      const spec = compiled(text);
      const counts = { codes: 0, pinned: 0 };
      for (const [salt, fill] of ordinaryFills.entries()) {
        const length = 2000;
        const { variant } = stepKernel(spec, length);
        let image: TensorImage = emptyImage(
          spec,
          makeTensor({ length, fill: "normal", salt: 100 + salt, spikes: [] }),
        );
        for (let t = 1; t <= 4; t++) {
          const uniforms = uniformsOf(spec, settingsOf(spec, t));
          const g = makeTensor({ length, fill, salt: 10 * t + salt, spikes: [] });
          const after = referenceStep(spec, image, g, uniforms);
          const { difference, codes, pinned } = new StepBounds(spec, variant, "", uniforms, accuracy).check(
            image,
            g,
            after,
          );
          expect(difference).toBeNull();
          counts.codes += codes;
          counts.pinned += pinned;
          image = after;
        }
      }
      const states = spec.plan.states.filter(({ codec }) => codec.kind !== "f32").length;
      expect(counts.codes).toBe(states * ordinaryFills.length * 4 * 2000);
      if (states > 0)
        console.log(
          `${spec.plan.name} on ${name}: ${counts.codes - counts.pinned} of ${counts.codes} codes not pinned`,
        );
      expect(counts.pinned).toBeGreaterThanOrEqual(0.99 * counts.codes);
    },
  );
});
