import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Case, casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { describeCase } from "../../generator/cli/fuzz/report.js";
import { shapeOf } from "../../generator/cli/fuzz/tensors.js";
import { canRun, FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { checked, differenceOf, emulatedSubject, openWatched } from "./support.js";

const fake = new FakeDriver();

/** Parameters and gradients of other types: each combination is somebody's, and every second spec has some. */
const dtypes = [
  { param: ["bf16", "f16"], grad: ["f32"] },
  { param: ["f16"], grad: ["bf16", "f16"] },
  { param: { dtype: ["bf16"], rounding: "stochastic" }, grad: ["f16", "bf16"] },
  { param: { dtype: ["bf16"], master: 24 }, grad: ["bf16", "f32"] },
  { param: ["f32"], grad: ["bf16", "f16"] },
  { param: { dtype: ["bf16", "f32"], master: 32 } },
];
const specs = shippedSpecs(0);
const others = specs.flatMap(({ name, text }, i) => {
  if (i % 2 > 0) return [];
  const types = dtypes[(i / 2) % dtypes.length];
  const spec: unknown = { ...(JSON.parse(text) as object), ...types };
  return [{ name: `${name} for ${JSON.stringify(types)}`, text: JSON.stringify(spec) }];
});
/** Products fused with sums, and approximate roots: held to the class of `math: fast`. */
const fast = ["adamw-8bit", "adamw-4bit", "adamw-3bit", "factor-4bit", "solo-adamw-2-2", "lamb-8bit"];
const fastSpecs = specs.flatMap(({ name, text }) =>
  fast.includes(name)
    ? [
        {
          name: `${name} with math: fast`,
          text: JSON.stringify({ ...(JSON.parse(text) as object), math: "fast" }),
        },
      ]
    : [],
);

const normal = { fill: "normal", salt: 1, spikes: [] } as const;
const spiked = { ...normal, spikes: [[7, Number.NaN] as const] };
/** Matrices of 33 x 128, 2 x 20 x 128, 70 x 256 and 260 x 128, whose blocks have some columns and many rows; and one of 32 x 129. */
const panels: Case = {
  ...{ seed: 1, steps: 2, hypers: {} },
  tensors: [
    { p: { ...normal, length: 4224, dimensions: [12] }, gradients: [normal, spiked] },
    { p: { ...normal, length: 5120, dimensions: [1, 7] }, gradients: [spiked, normal] },
    { p: { ...normal, length: 17_920, dimensions: [16] }, gradients: [normal] },
    { p: { ...normal, length: 33_280, dimensions: [22] }, gradients: [normal, spiked] },
    { p: { ...normal, length: 4128, dimensions: [9] }, gradients: [normal] },
  ],
};
/** 2 x 130 x 132 and 128 x 256, some of whose squares of 128 rows and columns are whole; lines of more than 128 parts. */
const squares: Case = {
  ...{ seed: 1, steps: 2, hypers: {} },
  tensors: [
    { p: { ...normal, length: 34_320, dimensions: [1, 31] }, gradients: [spiked, normal] },
    { p: { ...normal, length: 32_768, dimensions: [7] }, gradients: [normal, spiked] },
    { p: { ...normal, length: 33_280, dimensions: [1] }, gradients: [normal] },
    { p: { ...normal, length: 33_280, dimensions: [38] }, gradients: [normal] },
  ],
};
const isSwept = (text: string): boolean => /row(mean|max)/.test(text);

describe.runIf(canRun)("the CUDA kernels", () => {
  test("have whole squares of elements", () => {
    expect(squares.tensors.map(({ p }) => shapeOf(p))).toEqual([
      [2, 130, 132],
      [128, 256],
      [2, 16_640],
      [16_640, 2],
    ]);
    expect(specs.filter(({ text }) => isSwept(text)).map(({ name }) => name)).toContain("factor-4bit");
  });

  test("have matrices of a multiple of 128 columns in panels", () => {
    expect(panels.tensors.map(({ p }) => shapeOf(p))).toEqual([
      [33, 128],
      [2, 20, 128],
      [70, 256],
      [260, 128],
      [32, 129],
    ]);
  });

  const anything = casesOf(sizesAbout([128, 256, 1024, 2048]), fc.constant({}), { tensors: 16, steps: 3 });
  const cases = [...fc.sample(anything, { numRuns: 2, seed: 5 }), panels];

  test.each([...specs, ...others, ...fastSpecs])(
    "of $name are what the evaluator allows, do not race and keep within their arrays",
    { timeout: 120_000 },
    async ({ text }) => {
      const subject = await emulatedSubject(text, undefined, checked);
      for (const given of isSwept(text) ? [...cases, squares] : cases) {
        // One multiprocessor, so that a block of threads works on several chunks.
        fake.set("SMS", "1");
        const device = openWatched(fake);
        const difference = await differenceOf(subject, device, given).finally(() => device.dispose());
        expect(difference, describeCase(given).join("\n")).toBeNull();
      }
    },
  );

  test("with math: fast fuse products with sums, and stay within their class", {
    timeout: 300_000,
  }, async () => {
    let fused = 0;
    const names = new Set(["adamw-8bit", "adamw-4bit", "solo-adamw-4-2", "lamb-8bit", "flash-adamw-8bit"]);
    for (const { name, text } of specs.filter((spec) => names.has(spec.name))) {
      const subject = await emulatedSubject(JSON.stringify({ ...JSON.parse(text), math: "fast" }));
      const exact = { ...subject, plan: { ...subject.plan, math: "exact" as const } };
      for (const given of cases) {
        const device = fake.open();
        const found = await differenceOf(subject, device, given);
        expect(found, `${name}\n${describeCase(given).join("\n")}`).toBeNull();
        if ((await differenceOf(exact, device, given)) !== null) fused++;
        device.dispose();
      }
    }
    expect(fused).toBeGreaterThan(3);
  });
});
