import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { ordinaryUpdate } from "../../generator/ir/ordinary.js";
import type { ElementKernel, Expr, Fragment, OrdinaryUpdate } from "../../generator/ir/types.js";
import { resolve } from "../../generator/resolve.js";
import { seed } from "./seed.js";

// Wherever its checks hold, the update for numbers of ordinary size is the update, and no quotient and no root in it has
// an operand for which a device needs a special case: such that Markstein's steps would over- or underflow.

const folder = new URL("../../spec/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

function kernelsOf(name: string): ElementKernel[] {
  const result = resolve(readFileSync(new URL(name, folder), "utf8"));
  if (!result.ok) throw new Error(`${name} is not valid`);
  return build(result.value).filter((kernel): kernel is ElementKernel => kernel.kind === "step");
}

/** A float32 of any sign, zero, or of a magnitude about 2^exponent, also just inside and outside of the bounds. */
const anyNumber = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(
        fc.integer({ min: -80, max: 26 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.boolean(),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.integer({ min: -149, max: 127 }), fc.constant(1), fc.boolean()) },
    { weight: 1, arbitrary: fc.constant([0, 0, false] as [number, number, boolean]) },
  )
  .map(([exponent, fraction, isNegative]) => Math.fround((isNegative ? -1 : 1) * fraction * 2 ** exponent));

const isZeroOr = (x: number, least: number, greatest: number): boolean =>
  x === 0 || (Math.abs(x) >= least && Math.abs(x) <= greatest);

function holds(
  ordinary: OrdinaryUpdate,
  values: ReadonlyMap<string, number>,
  numberOf: (expr: Expr) => number,
): boolean {
  const value = (name: string): number => values.get(name) ?? Number.NaN;
  return (
    [...ordinary.uniforms, ...ordinary.vectors].every(({ variable: { name }, lo, hi, isPositive }) => {
      const x = value(name);
      return isPositive ? x >= 2 ** lo && x <= 2 ** hi : isZeroOr(x, 2 ** lo, 2 ** hi);
    }) &&
    ordinary.bounded.every(({ variable: { name }, exponent, isNonNegative }) => {
      const x = value(name);
      return Math.abs(x) <= 2 ** exponent && (!isNonNegative || x >= 0);
    }) &&
    ordinary.present.every(({ value, exponent }) =>
      isZeroOr(numberOf(value), 2 ** exponent, Number.POSITIVE_INFINITY),
    )
  );
}

/** Whether every step of a division or a root without special cases is exact where it must be, by the numbers themselves. */
function isSafe(expr: Extract<Expr, { kind: "op" }>, numberOf: (expr: Expr) => number): boolean {
  const [a, b] = expr.args.map(numberOf) as [number, number];
  const isBetween = (x: number, lo: number, hi: number): boolean => x >= 2 ** lo && x <= 2 ** hi;
  // The remainder is a multiple of 2^-47 of the dividend, or of the square: 2^-102 keeps it from being subnormal.
  if (expr.op === "f32.sqrt") return Object.is(a, -0) || a === 0 || isBetween(a, -102, 102);
  const quotient = Math.fround(a / b);
  return (
    isBetween(b, -60, 60) &&
    (a === 0 || (isBetween(Math.abs(a), -102, 102) && isBetween(Math.abs(quotient), -126, 102)))
  );
}

function hardOpsOf({ body }: Fragment): Extract<Expr, { kind: "op" }>[] {
  const inside = (expr: Expr): Extract<Expr, { kind: "op" }>[] =>
    expr.kind !== "op"
      ? []
      : [...expr.args.flatMap(inside), ...(expr.op === "f32.div" || expr.op === "f32.sqrt" ? [expr] : [])];
  return body.flatMap(({ value }) => inside(value));
}

describe("the update for numbers of ordinary size", () => {
  test("exists for the rules of Adam's family", () => {
    const found = names.filter((name) => kernelsOf(name).some((kernel) => ordinaryUpdate(kernel) !== null));
    expect(found).toEqual(
      expect.arrayContaining(
        ["adamw-8bit", "adamw-4bit-block", "adamw-32bit", "solo-adamw-2-2", "factor-4bit", "lamb-8bit"].map(
          (name) => `${name}.yaml`,
        ),
      ),
    );
  });

  test.each(names)("of %s is the update wherever its checks hold", (name) => {
    for (const kernel of kernelsOf(name)) {
      const ordinary = ordinaryUpdate(kernel);
      if (ordinary === null) continue;
      const evaluation = new Evaluation(kernel.tables);
      const whole = evaluation.compile(kernel.update);
      const { outputs } = kernel.update;
      const given = [...ordinary.uniforms.map(({ variable }) => variable), ...kernel.update.inputs];
      const asked = [
        ...ordinary.present.map(({ value }) => value),
        ...hardOpsOf(ordinary.update).flatMap(({ args }) => args),
      ];
      const results = asked.map((value, index) => {
        return { name: `asked${index}`, type: "f32", value } as const;
      });
      const ask = evaluation.compile({ inputs: [], body: results, outputs: [] });
      const numberOf = (expr: Expr): number => evaluation.cell({ name: `asked${asked.indexOf(expr)}` }).value;
      const special = evaluation.compile(ordinary.update);
      let held = 0;
      const property = fc.property(
        fc.array(anyNumber, { minLength: given.length, maxLength: given.length }),
        (numbers) => {
          const values = new Map(
            given.map(({ name }, index) => [name, withinUniform(ordinary, name, numbers[index] as number)]),
          );
          for (const [name, value] of values) evaluation.cell({ name }).value = value;
          whole();
          const expected = outputs.map((output) => evaluation.cell(output).value);
          ask();
          if (!holds(ordinary, values, numberOf)) return;
          held++;
          special();
          expect(outputs.map((output) => evaluation.cell(output).value)).toEqual(expected);
          for (const expr of hardOpsOf(ordinary.update))
            expect(isSafe(expr, numberOf), JSON.stringify(expr)).toBe(true);
        },
      );
      fc.assert(property, { numRuns: 2000, seed });
      expect(held, "so few of the cases hold that nothing is tested").toBeGreaterThan(50);
    }
  });
});

/** A uniform is one number of a step, a vector's one of a row: mostly one that is allowed, folded into the bounds. */
function withinUniform({ uniforms, vectors }: OrdinaryUpdate, name: string, value: number): number {
  const bounds = [...uniforms, ...vectors].find(({ variable }) => variable.name === name);
  if (bounds === undefined || value === 0) return value;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const span = bounds.hi - bounds.lo;
  const folded = bounds.lo + ((((exponent - bounds.lo) % span) + span) % span);
  const magnitude = Math.fround(Math.abs(value) * 2 ** (folded - exponent));
  return bounds.isPositive ? magnitude : Math.sign(value) * magnitude;
}
