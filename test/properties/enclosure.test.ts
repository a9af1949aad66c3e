import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import type { Enclosure } from "../../generator/ir/enclosure.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { ordinaryUpdate } from "../../generator/ir/ordinary.js";
import type { ElementKernel, OrdinaryUpdate } from "../../generator/ir/types.js";
import { askedLate, enclosureOf } from "../../generator/render/enclosure.js";
import { resolve } from "../../generator/resolve.js";
import { dialect } from "../../templates/cuda/dialect.js";
import { fused, NearEvaluation } from "./near-evaluation.js";
import { seed } from "./seed.js";

// Two sums of near values have the new parameter between them, with operations as far off as the PTX ISA lets them be: where
// what must be present is, and, where that is only asked of small parameters, at those that are not.

const { fround } = Math;
const folder = new URL("../../spec/", import.meta.url);
const texts = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => [name, readFileSync(new URL(name, folder), "utf8")] as const)
  .filter(([, text]) => !/^param:/m.test(text));
const textOf = (name: string): string => texts.find(([other]) => other === `${name}.yaml`)?.[1] ?? "";

interface Subject {
  readonly kernel: ElementKernel;
  readonly ordinary: OrdinaryUpdate;
  readonly enclosure: Enclosure;
}

function subjectsOf(text: string): Subject[] {
  const result = resolve(`${text}\nparam: bf16\n`);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return build(result.value).flatMap((kernel) => {
    if (kernel.kind !== "step") return [];
    const ordinary = ordinaryUpdate(kernel);
    const enclosure = ordinary === null ? null : enclosureOf(kernel, ordinary, dialect);
    return ordinary === null || enclosure === null ? [] : [{ kernel, ordinary, enclosure }];
  });
}

/** A float32 of any sign, zero, or of a magnitude about 2^exponent. */
const about = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.double({ min: 1, max: 2, noNaN: true }), fc.boolean());
const anyNumber = fc
  .oneof(
    { weight: 6, arbitrary: about(-30, 12) },
    { weight: 2, arbitrary: about(-149, 12) },
    { weight: 1, arbitrary: fc.constant([0, 0, false] as [number, number, boolean]) },
  )
  .map(([exponent, fraction, isNegative]) => fround((isNegative ? -1 : 1) * fraction * 2 ** exponent));

/** A number folded into what a uniform may be. */
function folded(value: number, lo: number, hi: number, isPositive: boolean): number {
  if (value === 0) return isPositive ? 2 ** lo : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const inside = lo + ((((exponent - lo) % (hi - lo)) + (hi - lo)) % (hi - lo));
  const magnitude = fround(Math.abs(value) * 2 ** (inside - exponent));
  return isPositive ? magnitude : Math.sign(value) * magnitude;
}

/** What happened in random cases: how often the sums must enclose the parameter, unasked too, and how often they do not. */
interface Tally {
  held: number;
  unasked: number;
  wrong: number;
}

/**
 * @param width of what lies between the sums, as a part of what the compiler says
 * @param least of parameters at which nothing is asked
 */
function tally({ kernel, ordinary, enclosure }: Subject, width: number, least: number, turn = 0): Tally {
  const isLate = askedLate(enclosure, ordinary, dialect) !== null;
  const bounds = [...ordinary.uniforms, ...ordinary.vectors];
  const divisors = new Set(bounds.filter(({ isDivisor }) => isDivisor).map(({ variable }) => variable.name));
  const evaluation = new Evaluation(kernel.tables);
  const exact = evaluation.compile(ordinary.update);
  const asked = ordinary.present.map(
    ({ value }, index) => ({ name: `asked${index}`, type: "f32", value }) as const,
  );
  const ask = evaluation.compile({ inputs: [], body: asked, outputs: [] });
  const sumUp = evaluation.compile({ inputs: [], body: enclosure.uniforms, outputs: [] });
  const parameter = ordinary.update.outputs[0] as { readonly name: string };
  const names = [
    ...new Set([
      ...bounds.map(({ variable }) => variable.name),
      ...ordinary.update.inputs.map(({ name }) => name),
    ]),
  ];
  const found: Tally = { held: 0, unasked: 0, wrong: 0 };
  const visit = (numbers: readonly number[], salt: number): void => {
    const values = new Map<string, number>();
    for (const [index, name] of names.entries()) {
      const own = bounds.find(({ variable }) => variable.name === name);
      const input = ordinary.bounded.find(({ variable }) => variable.name === name);
      const number = numbers[index] as number;
      const value = own === undefined ? number : folded(number, own.lo, own.hi, own.isPositive);
      if (input !== undefined && Math.abs(value) > 2 ** input.exponent) return;
      values.set(name, input?.isNonNegative === true ? Math.abs(value) : value);
    }
    const cellOf = (name: string): number => evaluation.cell({ name }).value;
    for (const [name, value] of values) evaluation.cell({ name }).value = value;
    for (const run of [exact, ask, sumUp]) run();
    for (const { name } of enclosure.uniforms) values.set(name, cellOf(name));
    let draw = salt;
    const near = new NearEvaluation(values, divisors, () => {
      draw = (draw * 69_069 + 12_345) % 2 ** 32;
      return draw >>> 16;
    });
    near.run(enclosure.update.body);
    const [most, less] = enclosure.factors.map((factor) =>
      factor.kind === "constant" ? factor.value : near.get(factor.kind === "variable" ? factor.name : ""),
    ) as [number, number];
    const middle = (most + less) / 2;
    const [from, to] = [most, less].map((factor) =>
      fused(
        near.get(enclosure.change.name),
        fround(middle + (factor - middle) * width),
        near.get(enclosure.base.name),
      ),
    ) as [number, number];
    const isPresent = ordinary.present.every(({ exponent }, index) => {
      const x = Math.abs(cellOf(`asked${index}`));
      return x === 0 || x >= 2 ** exponent;
    });
    if (!isPresent && !(isLate && Math.abs(from) >= least && Math.abs(from) < 2 ** 64)) return;
    found.held++;
    if (!isPresent) found.unasked++;
    const value = cellOf(parameter.name);
    if (!(value >= Math.min(from, to) && value <= Math.max(from, to))) found.wrong++;
  };
  const numbers = fc.array(anyNumber, { minLength: names.length, maxLength: names.length });
  for (const [given, salt] of fc.sample(fc.tuple(numbers, fc.nat()), { numRuns: 3000, seed: seed + turn }))
    visit(given, salt);
  return found;
}

/** Whether some of many samples are wrong, of which a single one may have none that is. */
const isEverWrong = (subject: Subject, width: number, least: number): boolean =>
  Array.from({ length: 30 }, (_, turn) => turn).some((turn) => tally(subject, width, least, turn).wrong > 0);

/** What is below 2^-55 once it is rounded to bfloat16 is below this. */
const SMALL = 2 ** -55 * (1 + 2 ** -7);

describe("new bfloat16 parameters lie between two near sums", () => {
  test("in the rules of Adam's family", () => {
    const found = texts.filter(([, text]) => subjectsOf(text).length > 0).map(([name]) => name);
    const expected = ["adamw-8bit", "adamw-4bit", "factor-4bit", "rmsprop-8bit", "solo-adamw-4-2"];
    expect(found).toEqual(expect.arrayContaining(expected.map((name) => `${name}.yaml`)));
  });

  test.each(texts)("of %s", { timeout: 60_000 }, (_name, text) => {
    for (const subject of subjectsOf(text)) {
      const { held, unasked, wrong } = tally(subject, 1, SMALL);
      expect(wrong).toBe(0);
      expect(held, "so few of the cases hold that nothing is tested").toBeGreaterThan(300);
      const isLate = askedLate(subject.enclosure, subject.ordinary, dialect) !== null;
      if (isLate) expect(unasked, "nothing is tested that is not asked").toBeGreaterThan(20);
    }
  });

  test("and not between two that are nearer", () => {
    const [subject] = subjectsOf(textOf("adamw-8bit")) as [Subject];
    expect(isEverWrong(subject, 0.1, SMALL)).toBe(true);
  });

  test("and not where small ones are not asked either", () => {
    const [subject] = subjectsOf(textOf("adamw-8bit")) as [Subject];
    expect(isEverWrong(subject, 1, 0)).toBe(true);
  });
});
