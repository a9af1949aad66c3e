import { describe, expect, test } from "vitest";
import type { Case } from "../../generator/cli/fuzz/cases.js";
import { describeCase } from "../../generator/cli/fuzz/report.js";
import { canRun, FakeDriver } from "../native/support.js";
import { checked, checkedEarly, differenceOf, emulatedSubject, openWatched } from "./support.js";

const fake = new FakeDriver();

const normal = { fill: "normal", salt: 1, spikes: [] } as const;
const spiked = { ...normal, spikes: [[7, Number.NaN] as const] };
/** Matrices of 33 x 128, 2 x 20 x 128, 35 x 512 and 260 x 128. */
const matrices: Case = {
  ...{ seed: 1, steps: 2, hypers: {} },
  tensors: [
    { p: { ...normal, length: 4224, dimensions: [12] }, gradients: [normal, spiked] },
    { p: { ...normal, length: 5120, dimensions: [1, 7] }, gradients: [spiked, normal] },
    { p: { ...normal, length: 17_920, dimensions: [12] }, gradients: [normal] },
    { p: { ...normal, length: 33_280, dimensions: [22] }, gradients: [normal, spiked] },
    // So many panels that a block has several of them.
    { p: { ...normal, length: 76_800, dimensions: [33] }, gradients: [normal, spiked] },
  ],
};

const adam = `m = 0.9*m + 0.1*g
v = 0.99*v + 0.01*g*g
p = p - 0.1*m/(sqrt(v) + 1e-6)`;
const rank1 = { bits: 4, signed: false, mapping: "linear", normalize: "rank1", rounding: "nearest" };
const blocks = { bits: 4, signed: true, mapping: "dynamic", normalize: { block: 128 }, rounding: "nearest" };

const specs = [
  {
    name: "two states with scales of rows and columns, rounded at random",
    states: {
      m: { ...rank1, bits: 8, signed: true, mapping: "dynamic", rounding: "stochastic" },
      v: { ...rank1, bits: 8, rounding: "stochastic" },
    },
    update: adam,
  },
  {
    name: "a rule without quotients",
    states: { m: { ...rank1, signed: true } },
    update: "p = p - 0.1*sign(0.9*m + 0.1*g)\nm = 0.99*m + 0.01*g",
  },
  { name: "blocks of 32", states: { m: { ...blocks, normalize: { block: 32 } }, v: rank1 }, update: adam },
  { name: "blocks of 256", states: { m: { ...blocks, normalize: { block: 256 } }, v: rank1 }, update: adam },
  { name: "scales of 16 bits", states: { m: { ...blocks, scale: "f16" }, v: rank1 }, update: adam },
  { name: "a state of float32", states: { m: { bits: 32 }, v: rank1 }, update: adam },
  {
    name: "levels of each block's own",
    states: { m: blocks, v: rank1, w: { ...blocks, signed: false, mapping: { log: { quantile: 0.1 } } } },
    update:
      "m = 0.9*m + 0.1*g\nv = 0.99*v + 0.01*g*g\nw = 0.9*w + 0.1*g*g\np = p - 0.1*m/(sqrt(v) + sqrt(w) + 1e-6)",
  },
  {
    name: "parameters in two parts",
    param: { dtype: ["bf16"], master: 24 },
    states: { m: blocks, v: rank1 },
    update: adam,
  },
  { name: "no hold", nonfinite: "propagate", states: { m: blocks, v: rank1 }, update: adam },
  {
    name: "a mean of rows and one of columns",
    states: { m: blocks, v: rank1, r: { shape: "row", bits: 32 }, c: { shape: "col", bits: 32 } },
    update: `r = 0.9*r + 0.1*rowmean(g*g)
c = 0.9*c + 0.1*colmean(g*g)
m = 0.9*m + 0.1*g
v = 0.99*v + 0.01*g*g
p = p - 0.1*m/(sqrt(v) + sqrt(r) + sqrt(c) + 1e-6)`,
  },
];

/** Panels of 16 bits are written with the fewest instructions (ARCHITECTURE.md), alone or beside those of 32. */
const lean = specs
  .filter(({ param }) => param === undefined)
  .map((spec) => ({ ...spec, name: `${spec.name}, in 16 bits`, param: ["bf16"] }));
const both = {
  name: "parameters of 32 bits and of 16",
  param: ["f32", "bf16"],
  states: { m: blocks, v: rank1 },
  update: adam,
};

describe.runIf(canRun)("panels of matrices", () => {
  const runs = [...specs, ...lean, both].flatMap((spec) => [
    { ...spec, compiler: checked, copies: "late" },
    { ...spec, compiler: checkedEarly, copies: "early" },
  ]);
  test.each(runs)(
    "of $name, where copies come $copies",
    { timeout: 120_000 },
    async ({ compiler, copies: _, ...spec }) => {
      let kernels = "";
      const keep = (text: string): string => {
        kernels = text;
        return text;
      };
      const subject = await emulatedSubject(JSON.stringify({ ...spec, name: "panels" }), keep, compiler);
      expect(kernels).toContain("_rest(");
      // One multiprocessor, so that a block of threads works on several chunks.
      fake.set("SMS", "1");
      const device = openWatched(fake);
      const difference = await differenceOf(subject, device, matrices).finally(() => device.dispose());
      expect(difference, describeCase(matrices).join("\n")).toBeNull();
    },
  );
});
