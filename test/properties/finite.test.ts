import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { build } from "../../generator/build/index.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { f32, op, typed, variable } from "../../generator/ir/expr.js";
import { finiteFirst } from "../../generator/ir/finite.js";
import type { ElementKernel, Fragment } from "../../generator/ir/types.js";
import { resolve } from "../../generator/resolve.js";
import { shippedSpecs } from "./harness.js";
import { seed } from "./seed.js";

const specs = shippedSpecs();

function kernelsOf(text: string): ElementKernel[] {
  const result = resolve(text);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return build(result.value).flatMap((kernel) => (kernel.kind === "step" ? [kernel] : []));
}

const any = fc.oneof(
  { weight: 4, arbitrary: fc.float({ noNaN: true, min: -8, max: 8 }) },
  { weight: 1, arbitrary: fc.float() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, Infinity, -Infinity, NaN, 3e38, -3e38, 1e-44) },
);

/** How often results stood for the outputs, and how often they would have been others. */
function tally(fragment: Fragment, uniforms: readonly string[], cases: number) {
  const first = finiteFirst(fragment);
  if (first === undefined) throw new Error("nothing asks whether something is finite");
  const evaluation = new Evaluation([]);
  const whole = evaluation.compile(fragment);
  const results = first.results.map(({ name, type, value }) => ({ name: `${name} first`, type, value }));
  const shortcut = evaluation.compile({ inputs: [], body: results, outputs: [] });
  const names = [...fragment.inputs.map(({ name }) => name), ...uniforms];
  const found = { first: 0, rest: 0, wrong: 0 };
  const values = fc.array(any, { minLength: names.length, maxLength: names.length });
  for (const given of fc.sample(values, { numRuns: cases, seed })) {
    for (const [i, name] of names.entries()) evaluation.cell({ name }).value = given[i] as number;
    whole();
    shortcut();
    const isFirst = first.asked.every(({ name }) => Number.isFinite(evaluation.cell({ name }).value));
    found[isFirst ? "first" : "rest"]++;
    if (!isFirst) continue;
    for (const { name } of first.results) {
      const [is, should] = [
        evaluation.cell({ name: `${name} first` }).value,
        evaluation.cell({ name }).value,
      ];
      if (!Object.is(is, should)) found.wrong++;
    }
  }
  return found;
}

describe.each(specs)("$name", ({ text }) => {
  test("results are those of the whole update where the values asked are finite", () => {
    for (const kernel of kernelsOf(text)) {
      if (finiteFirst(kernel.update) === undefined) continue;
      const uniforms = [...kernel.uniforms, ...kernel.vectors.map((vector) => vector.variable)];
      const found = tally(
        kernel.update,
        uniforms.map(({ name }) => name),
        2000,
      );
      expect(found.wrong).toBe(0);
      expect(found.first).toBeGreaterThan(20);
      expect(found.rest).toBeGreaterThan(20);
    }
  });
});

test("AdamW asks two values of four", () => {
  const [kernel] = kernelsOf(specs.find(({ name }) => name === "adamw-8bit")?.text ?? "");
  const asked = finiteFirst((kernel as ElementKernel).update)?.asked.map(({ name }) => name);
  expect(asked).toEqual(["v_new", "p_new_2"]);
});

test("what only divides is asked itself: the quotient by an infinity is finite", () => {
  const [a, b] = [typed("a", "f32"), typed("b", "f32")];
  const quotient = { name: "quotient", type: "f32", value: op("f32.div", variable(a), variable(b)) } as const;
  const areFinite = op("bool.and", op("f32.is_finite", variable(b)), op("f32.is_finite", variable(quotient)));
  const value = op("f32.select", areFinite, variable(quotient), f32(7));
  const out = { name: "out", type: "f32", value } as const;
  const fragment: Fragment = { inputs: [a, b], body: [quotient, out], outputs: [out] };
  expect(finiteFirst(fragment)?.asked.map(({ name }) => name)).toEqual(["b", "quotient"]);
  expect(tally(fragment, [], 2000).wrong).toBe(0);
});
