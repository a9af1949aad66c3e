import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canRun, FakeDriver } from "../native/support.js";
import { Mismatch } from "../properties/harness.js";
import { describeFailure, withCase } from "../properties/random-specs.js";
import { oneMoment, twoMoments, wholeTensors } from "../properties/rules.js";
import { seed } from "../properties/seed.js";
import { specs, textOf } from "../properties/specs.js";
import { checked, differenceOf, emulatedSubject, openWatched } from "./support.js";

const fake = new FakeDriver();

/** LOWBIT_FUZZ_RUNS sets the number of specs; LOWBIT_FUZZ_SEED and LOWBIT_FUZZ_PATH repeat what a failure printed. */
const runs = 16;
const numRuns = Number(process.env.LOWBIT_FUZZ_RUNS ?? runs);
const path = process.env.LOWBIT_FUZZ_PATH;

describe.runIf(canRun)("the CUDA kernels of random specs, on the emulator,", () => {
  test("are equal to the evaluator, do not race and keep within their arrays", {
    timeout: 3_600_000,
  }, async () => {
    let cases = 0;
    const anything = specs([...oneMoment, ...twoMoments, ...wholeTensors]).chain(withCase);
    const property = fc.asyncProperty(anything, async ({ spec, given }) => {
      const subject = await emulatedSubject(textOf(spec), undefined, checked);
      fake.set("SMS", "1");
      const device = openWatched(fake);
      const difference = await differenceOf(subject, device, given).finally(() => device.dispose());
      if (difference !== null) throw new Mismatch("the evaluator and CUDA", difference.step, difference);
      cases += given.tensors.length;
    });
    const details = await fc.check(property, { numRuns, seed, ...(path !== undefined && { path }) });
    console.log(`random specs on the emulator: seed ${seed}, ${details.numRuns} specs, ${cases} cases`);
    if (details.failed) throw new Error(describeFailure(details));
    if (path === undefined && numRuns >= runs) expect(cases).toBeGreaterThan(100);
  });
});
