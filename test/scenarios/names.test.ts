import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Package } from "../../generator/index.js";
import type { Kernel } from "../../generator/ir/types.js";
import { fragmentsOf } from "../../generator/ir/verify.js";
import { namesOfState } from "../../generator/names.js";
import { kernelsFor } from "../../generator/sources.js";
import type { SourceFile, Target } from "../../generator/target.js";
import { isName } from "../../spec/schema.js";
import { targets } from "../../templates/index.js";
import { expectCpuCompiles } from "../support/cpu.js";
import { requireWebGpu } from "../support/vulkan.js";
import { compileOrThrow, expectAgreement } from "./agreement.js";

/** Every kind of state: two passes, random streams, codes across words. */
const codecs = [
  "{ bits: 32 }",
  "{ bits: 3, signed: true, mapping: dynamic, normalize: { block: 96 }, rounding: stochastic, min_size: 1 }",
  "{ bits: 16, rounding: stochastic, min_size: 1 }",
  "{ bits: 8, signed: true, mapping: dynamic, normalize: tensor, min_size: 1 }",
  "{ bits: 4, signed: true, mapping: linear, normalize: { block: 100 }, min_size: 1 }",
];
const own = codecs.map((_, index) => `q${index}`);

/** A spec that reads each hyper, assigns and reads each local, and keeps each state; any name may be any of the three. */
function specOf(hypers: readonly string[], locals: readonly string[], states: readonly string[]): string {
  return [
    "name: borrowed-names",
    "hyper:",
    ...hypers.map((hyper, index) => `  "${hyper}": ${1 / (index + 2)}`),
    "states:",
    ...states.map((state, index) => `  "${state}": ${codecs[index] ?? "{ bits: 32 }"}`),
    "update: |",
    `  sum1 = max(g, sign(g)*select(g > 0, g, 1))${hypers.map((hyper) => ` + ${hyper}*g`).join("")}`,
    ...locals.map((local, index) => `  ${local} = 0.5*g + ${index}\n  sum1 = sum1 + ${local}`),
    ...states.map((state) => `  ${state} = 0.5*${state} + sum1`),
    `  p = p - 0.1*(${states.join(" + ")})`,
  ].join("\n");
}

/** The code of a target: without the JavaScript made of it, what quotes or lists it, and headers that have no names of a spec. */
function codeOf({ files }: Package, { name }: Target): SourceFile[] {
  const others = /\.js$|\.d\.ts$|^(wgsl|cuda)\/kernels\.ts$|^cpu\/(kernels\.ts|\w+\.h)$/;
  return files.filter(({ path }) => path.startsWith(`${name}/`) && !others.test(path));
}

/** Words outside of comments and texts that are no member's name, and that may be a name in a spec. */
function wordsOf(text: string): string[] {
  const code = text.replace(/\/\*.*?\*\/|\/\/[^\n]*|"[^"\n]*"/gs, " ");
  const words = code.matchAll(/(?<![\w.>]|\d\.?)[A-Za-z_]\w*(?!\w|\s*:[^:])/g);
  return [...words].map(([word]) => word).filter(isName);
}

/** Names that the compiler gives to values, and makes another of where a spec has given it. */
function allocatedNames(kernel: Kernel): string[] {
  const inFragments = fragmentsOf(kernel).flatMap(({ inputs, body }) => [...inputs, ...body]);
  const inStates = kernel.states.flatMap(({ variables }) => Object.values(variables));
  const around = [...Object.values(kernel.variables), ...kernel.uniforms];
  return [...inFragments, ...inStates, ...around].map(({ name }) => name);
}

describe.each(targets)("$name", (target) => {
  const compiled = compileOrThrow(specOf(["h"], ["l"], own));
  const made = ["", "_uniforms", "_tensor", "_element", "_values"];
  const kernelNames = compiled.kernels.flatMap(({ name }) => made.map((suffix) => `${name}${suffix}`));
  const stateNames = own.flatMap((state) => [state, `${state}Codec`, ...namesOfState(state)]);

  test("every word of its code is allocated, made of a state's name, or reserved", () => {
    const allocated = kernelsFor(target, compiled.plan, compiled.kernels).flatMap(allocatedNames);
    // Arrays of what is kept between loops: of no loop that has names of the spec.
    const kept = allocated.map((name) => `${name}_kept`);
    const known = new Set([...allocated, ...kept, ...kernelNames, ...stateNames, ...target.dialect.reserved]);
    const words = codeOf(compiled, target).flatMap(({ text }) => wordsOf(text));
    expect(words.length).toBeGreaterThan(100);
    expect([...new Set(words)].filter((word) => !known.has(word)).sort()).toEqual([]);
  });

  test("what its templates make of a state's name is no name for a hyper or a state", () => {
    const root = join(import.meta.dirname, "../../templates", target.name);
    const templates = readdirSync(root).filter((file) => file.endsWith(".hbs"));
    const text = templates.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    const made = [...text.matchAll(/\{\{(?:\.\.\/)?state\}\}_(\w+)/g)].map(([, suffix]) => `x_${suffix}`);
    expect(made.length).toBeGreaterThan(3);
    expect(made.filter((name) => !namesOfState("x").includes(name))).toEqual([]);
  });
});

/** Words that stand in the generated code as they are, some from each target. */
const borrowed = [
  "start first limit index element finite run base end length id tensor uniforms arrays parameters gradients values",
  "fround floatsOf bitsOfFloat Math word kernels step measure step_tensor step_element thread granule round chunk codebook main",
  "atomicMax workgroupBarrier arrayLength select_2 vec2u f32 u32 fn let var loop override array ptr sampler",
  "float double int unsigned template class lambda auto new delete this operator union register volatile",
  "await yield static const default switch while with enum true null undefined NaN constructor toString",
  "q1_hash q1_new_code q1_out q2_bits q3_absmax q3_inverse p_out p_new left right signed_2 element_high tensor_id",
]
  .join(" ")
  .split(" ");

/** A software Vulkan takes a minute to compile a kernel of more than some 15 states. */
const AT_ONCE = 11;

describe("words of the generated code as names in a spec: the packages agree", () => {
  const half = Math.ceil(borrowed.length / 2);
  const [first, second] = [borrowed.slice(0, half), borrowed.slice(half)];
  const cases = [
    ["hypers and locals", specOf(first, second, own)],
    ["locals and hypers", specOf(second, first, own)],
  ];
  for (let start = 0; start < borrowed.length; start += AT_ONCE) {
    const states = borrowed.slice(start, start + AT_ONCE);
    cases.push([`states ${states.join(", ")}`, specOf(["h"], ["l"], states)]);
  }
  test.each(cases)("%s", async (_, spec = "") => {
    await expectCpuCompiles(compileOrThrow(spec));
    const webgpu = await requireWebGpu();
    await expectAgreement(compileOrThrow(spec), webgpu);
    webgpu.dispose();
  });
});
