import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { checked, differenceOf, emulatedSubject, openWatched } from "./support.js";

const fake = new FakeDriver();
const cases = fc.sample(casesOf(sizesAbout([128, 1024, 2048]), fc.constant({}), { tensors: 12, steps: 2 }), {
  numRuns: 2,
  seed: 7,
});

describe.runIf(canRun)("watched at every access, the CUDA kernels", () => {
  test.each(shippedSpecs(0))(
    "of $name neither race nor leave their arrays",
    { timeout: 120_000 },
    async ({ text }) => {
      const subject = await emulatedSubject(text, undefined, checked);
      for (const given of cases) {
        fake.set("SMS", "1");
        const device = openWatched(fake);
        try {
          expect(await differenceOf(subject, device, given)).toBeNull();
        } finally {
          device.dispose();
        }
      }
    },
  );
});
