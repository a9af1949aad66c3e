import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { describeCase } from "../../generator/cli/fuzz/report.js";
import type { CudaDevice } from "../../runtime/cuda/device.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs, subjectOf } from "../properties/harness.js";
import { differenceOf, emulated } from "./support.js";

const fake = new FakeDriver();

describe.runIf(canRun)("every package's CUDA kernels, on the emulator", () => {
  let device: CudaDevice;
  beforeAll(() => {
    fake.set("LOG", "");
    device = fake.open();
  });
  afterAll(() => device.dispose());

  const cases = casesOf(sizesAbout([128, 256, 1024, 2048]), fc.constant({}), { tensors: 24, steps: 3 });

  test.each(shippedSpecs(0))("$name is equal to the evaluator", { timeout: 120_000 }, async ({ text }) => {
    fake.set("LOG", "");
    const subject = await subjectOf(text, [emulated]);
    for (const given of fc.sample(cases, { numRuns: 3, seed: 5 }))
      expect(await differenceOf(subject, device, given), describeCase(given).join("\n")).toBeNull();
  });
});
