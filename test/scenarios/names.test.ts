import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { namesOfState } from "../../generator/names.js";
import { callable, reductions } from "../../generator/rule/functions.js";
import { isName } from "../../spec/schema.js";
import { targets } from "../../templates/index.js";
import { requireWebGpu } from "../support/vulkan.js";
import { compileOrThrow, expectAgreement } from "./agreement.js";

/** What the rest of a kernel consists of: every kind of state, two passes, random streams. */
const codecs = [
  "{ bits: 32 }",
  "{ bits: 3, signed: true, mapping: dynamic, normalize: { block: 96 }, rounding: stochastic, min_size: 1 }",
  "{ bits: 16, rounding: stochastic, min_size: 1 }",
  "{ bits: 8, signed: true, mapping: dynamic, normalize: tensor, min_size: 1 }",
  "{ bits: 4, signed: true, mapping: linear, normalize: { block: 128 }, min_size: 1 }",
];

interface Role {
  readonly atOnce: number;
  spec(names: readonly string[]): string;
}

const spec = (hypers: readonly string[], states: readonly string[], lines: readonly string[]): string =>
  [
    "name: borrowed-names",
    "hyper:",
    ...hypers.map((hyper, index) => `  "${hyper}": ${1 / (index + 2)}`),
    "states:",
    ...states.map((state, index) => `  "${state}": ${codecs[index % codecs.length]}`),
    "update: |",
    ...lines.map((line) => `  ${line}`),
  ].join("\n");

const own = codecs.map((_, index) => `q${index}`);
const ownLines = own.map((state) => `${state} = 0.5*${state} + sum1`);
const ownSum = own.join(" + ");

const roles: Readonly<Record<string, Role>> = {
  hypers: {
    atOnce: 50,
    spec: (names) =>
      spec(names, own, [
        "sum1 = g",
        ...names.map((name) => `sum1 = sum1 + ${name}*g`),
        ...ownLines,
        `p = p - 0.1*(${ownSum})`,
      ]),
  },
  locals: {
    atOnce: 50,
    spec: (names) =>
      spec(["q"], own, [
        ...names.map((name, index) => `${name} = q*g + ${index}`),
        `sum1 = ${names.join(" + ")}`,
        ...ownLines,
        `p = p - 0.1*(${ownSum})`,
      ]),
  },
  states: {
    atOnce: 15,
    spec: (names) =>
      spec(["q"], names, [
        ...names.map((name) => `${name} = 0.5*${name} + g`),
        `p = p - q*(${names.join(" + ")})`,
      ]),
  },
};

/** Every word of the generated code, and every word that a target keeps for itself. */
function borrowedNames(): string[] {
  const { files } = compileOrThrow(roles.states!.spec(own));
  const words = files.flatMap(({ text }) => text.match(/[A-Za-z_]\w*/g) ?? []);
  const reserved = targets.flatMap(({ dialect }) => [...dialect.reserved]);
  const language = new Set<string>(["p", "g", "t", "seed", "q", "sum1", ...own, ...callable, ...reductions]);
  const ofStates = new Set(own.flatMap(namesOfState));
  const all = [...new Set([...words, ...reserved])].sort();
  return all.filter((word) => isName(word) && !language.has(word) && !ofStates.has(word));
}

describe("any word of the generated code may be a name in a spec", () => {
  const names = borrowedNames();
  for (const [role, { atOnce, spec: specOf }] of Object.entries(roles)) {
    for (let first = 0; first < names.length; first += atOnce) {
      const some = names.slice(first, first + atOnce);
      test(`${role} ${some[0]} to ${some.at(-1)}`, async () => {
        const webgpu = await requireWebGpu();
        await expectAgreement(compileOrThrow(specOf(some)), webgpu);
        webgpu.dispose();
      });
    }
  }
});

test("names that templates make of a state's name are reserved", () => {
  const root = join(import.meta.dirname, "../../templates");
  const templates = targets.flatMap(({ name }) =>
    readdirSync(join(root, name))
      .filter((file) => file.endsWith(".hbs"))
      .map((file) => readFileSync(join(root, name, file), "utf8")),
  );
  const made = templates
    .flatMap((text) => [...text.matchAll(/\{\{(?:\.\.\/)?state\}\}(_\w+)/g)])
    .map(([, suffix]) => `x${suffix}`);
  const tables = compileOrThrow(roles.states!.spec(["x", ...own])).kernels.flatMap((kernel) => kernel.tables);
  const ofX = tables.map(({ name }) => name).filter((name) => name.startsWith("x_"));
  expect(made.length).toBeGreaterThan(10);
  expect([...new Set([...made, ...ofX])].filter((name) => !namesOfState("x").includes(name))).toEqual([]);
});
