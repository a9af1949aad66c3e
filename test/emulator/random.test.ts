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

/** Blocks of 1 with quantiles are measured in a tile, blocks of 256 beside them are not: by a pass that needs no v but its size. */
const mixedBlocks = `
name: mixed-blocks
hyper: { lr: 0.001, beta1: 0.9, beta2: 0.9, eps: 1e-8 }
states:
  m: { bits: 6, signed: true, mapping: dynamic, normalize: { block: 256 }, min_size: 0 }
  v: { bits: 2, signed: false, mapping: { log: { quantile: 0.1 } }, normalize: { block: 1 }, min_size: 0 }
update: |
  m = beta1*m + (1 - beta1)*g
  v = beta2*v + (1 - beta2)*g*g
  p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
`;

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

  test("compile where a pass measures one state and asks of another only how large it is", async () => {
    const kernels: string[] = [];
    await emulatedSubject(mixedBlocks, (source) => {
      kernels.push(...[...source.matchAll(/^extern "C" .* (\w+)\($/gm)].map(([, name]) => name!));
      return source;
    });
    expect(kernels).toEqual(["measure", "step"]);
  });
});
