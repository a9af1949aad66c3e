import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import { runDevice } from "../../generator/cli/fuzz/trajectory.js";
import { TypeScriptDevice, type WebGpuDevice } from "../../runtime/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { shippedSpecs } from "./harness.js";
import {
  halfScaleMutations,
  type Mutation,
  mutate,
  nearestMutations,
  stochasticMutations,
} from "./mutations.js";

// A judge that lets everything pass is no judge: each mistake must be found, on the exact target and on the other.

const textOf = (name: string): string => shippedSpecs(0).find((spec) => spec.name === name)?.text ?? "";
const cases = casesOf(sizesAbout([128]), fc.constant({}), { steps: 3, tensors: 8 });
let webgpu: WebGpuDevice;
beforeAll(async () => {
  webgpu = await requireWebGpu();
});
afterAll(() => webgpu.dispose());

async function expectFound(text: string, mutation: Mutation): Promise<void> {
  const subject = await mutate(text, mutation);
  for (const device of [new TypeScriptDevice(), webgpu]) {
    const property = fc.asyncProperty(cases, async (given) => {
      const trajectory = await runDevice(subject, device, given);
      return judge(subject, accuracyOf(device.kind), trajectory).difference === null;
    });
    const { failed, numRuns } = await fc.check(property, { numRuns: 60, seed: 1, endOnFailure: true });
    expect(failed, `${mutation.name} on ${device.kind} is not found in ${numRuns} cases`).toBe(true);
  }
}

describe("adamw-4bit-block with", () => {
  test.each(nearestMutations)("$name", { timeout: 60_000 }, (mutation) =>
    expectFound(textOf("adamw-4bit-block"), mutation),
  );
});

describe("flash-adamw-8bit with", () => {
  test.each(halfScaleMutations)("$name", { timeout: 60_000 }, (mutation) =>
    expectFound(textOf("flash-adamw-8bit"), mutation),
  );
});

describe("adamw-3bit with", () => {
  test.each(stochasticMutations)("$name", { timeout: 60_000 }, (mutation) =>
    expectFound(textOf("adamw-3bit"), mutation),
  );
});
