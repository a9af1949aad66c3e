import { describe, expect, test } from "vitest";
import type { Case } from "../../generator/cli/fuzz/cases.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { checked, differenceOf, emulatedSubject, openWatched } from "./support.js";

// New bfloat16 parameters from near quotients and roots (generator/ir/enclosure.ts), some of them computed again.

const fake = new FakeDriver();
const normal = { fill: "normal", salt: 1, spikes: [] } as const;
const zeros = { fill: "zeros", salt: 1, spikes: [] } as const;
const subnormal = { fill: "subnormal", salt: 1, spikes: [] } as const;
const tensor = (length: number, dimensions: number[], p: typeof normal | typeof zeros) =>
  ({ p: { ...p, length, dimensions }, gradients: [normal, { ...normal, salt: 2 }] }) as const;

/** Steps about as large as parameters, so that many new ones are close to zero, where bfloat16s lie close together. */
const given: Case = {
  ...{ seed: 1, steps: 3, hypers: { lr: 1 } },
  tensors: [
    tensor(8192, [], normal),
    // 2 x 40 x 128, and 63 x 130.
    tensor(10_240, [1, 9], normal),
    tensor(8190, [62], normal),
    tensor(4096, [], zeros),
    tensor(300, [], normal),
  ],
};
/** Changes that are made of what is subnormal, where nothing else is there, and where parameters are. */
const tiny: Case = {
  ...{ seed: 1, steps: 2, hypers: { lr: 1e-3 } },
  tensors: [zeros, normal].map((p) => ({
    p: { ...p, length: 8192, dimensions: [] },
    gradients: [subnormal],
  })),
};
const names = [
  "adamw-32bit",
  "adamw-8bit",
  "adamw-4bit-block",
  "adamw-4bit",
  "factor-4bit",
  "solo-adamw-4-2",
];
const specs = shippedSpecs(0).filter(({ name }) => names.includes(name));
const inBfloat16 = (text: string): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), param: "bf16" });

async function difference(
  text: string,
  edit: (source: string) => string,
  of: Case = given,
): Promise<string | null> {
  const subject = await emulatedSubject(text, edit, checked);
  fake.set("SMS", "1");
  const device = openWatched(fake);
  const found = await differenceOf(subject, device, of).finally(() => device.dispose());
  return found === null ? null : found.what;
}

describe.runIf(canRun).each(specs)("bfloat16 parameters of $name", ({ text }) => {
  test("are equal to the evaluator's, those in doubt too", { timeout: 300_000 }, async () => {
    const enclosed = (source: string): string => {
      expect(source).toContain("roundBetween(p_codes, p_from, p_to)");
      return source;
    };
    expect(await difference(inBfloat16(text), enclosed)).toBeNull();
  });

  test("are not where those in doubt are not computed again", { timeout: 300_000 }, async () => {
    const unsettled = (source: string): string => {
      const edited = source.replaceAll(/doubt = roundBetween\(/g, "roundBetween(");
      expect(edited).not.toBe(source);
      return edited;
    };
    expect(await difference(inBfloat16(text), unsettled)).toBe("the parameter");
  });

  test("are equal where changes are tiny", { timeout: 300_000 }, async () => {
    expect(await difference(inBfloat16(text), (source) => source, tiny)).toBeNull();
  });
});

const late = specs.filter(({ name }) => !["adamw-4bit", "factor-4bit"].includes(name));
test.runIf(canRun).each(late)("$name asks for small parameters", { timeout: 300_000 }, async ({ text }) => {
  const unasked = (source: string): string => {
    const edited = source.replaceAll("if (anyIsSmall(p_codes))", "if (false)");
    expect(edited).not.toBe(source);
    return edited;
  };
  expect(await difference(inBfloat16(text), unasked, tiny)).toBe("the parameter");
});
