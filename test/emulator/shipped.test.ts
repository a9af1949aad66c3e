import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { describeCase } from "../../generator/cli/fuzz/report.js";
import type { CudaDevice } from "../../runtime/cuda/device.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { differenceOf, emulatedSubject } from "./support.js";

const fake = new FakeDriver();

/** Every spec as it is, and for parameters and gradients of other types, of which each combination is somebody's. */
const dtypes = [
  { param: ["bf16", "f16"], grad: ["f32"] },
  { param: ["f16"], grad: ["bf16", "f16"] },
  { param: { dtype: ["bf16"], rounding: "stochastic" }, grad: ["f16", "bf16"] },
  { param: { dtype: ["bf16"], master: 24 }, grad: ["bf16", "f32"] },
  { param: ["f32"], grad: ["bf16", "f16"] },
  { param: { dtype: ["bf16", "f32"], master: 32 } },
];
const specs = shippedSpecs(0);
const others = specs.map(({ name, text }, i) => {
  const types = dtypes[i % dtypes.length];
  return {
    name: `${name} for ${JSON.stringify(types)}`,
    text: JSON.stringify({ ...JSON.parse(text), ...types }),
  };
});

describe.runIf(canRun)("the CUDA kernels, on the emulator,", () => {
  let device: CudaDevice;
  beforeAll(() => {
    // Few multiprocessors, so that a block of threads works on several chunks.
    process.env.LOWBIT_FAKE_SMS = "1";
    device = fake.open();
  });
  afterAll(() => device.dispose());

  const cases = casesOf(sizesAbout([128, 256, 1024, 2048]), fc.constant({}), { tensors: 24, steps: 3 });

  test.each([...specs, ...others])(
    "of $name are equal to the evaluator",
    { timeout: 120_000 },
    async ({ text }) => {
      const subject = await emulatedSubject(text);
      for (const given of fc.sample(cases, { numRuns: 3, seed: 5 }))
        expect(await differenceOf(subject, device, given), describeCase(given).join("\n")).toBeNull();
    },
  );
});
