import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { bookOf, type Mapping } from "../oracle/index.js";
import { shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();

function explain(path: string, ...args: string[]): string {
  const { code, stdout, stderr } = workplace.run(["explain", path, ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** The rows of a state's table: code, level and, where there are thresholds, the one it begins at. */
function tableRows(page: string, state: string): number[][] {
  const [, table = ""] = page.slice(page.indexOf(`State ${state}:`)).split("\n\n");
  const [head = "", ...lines] = table.split("\n");
  const width = head.includes("from") ? 3 : 2;
  const cells = lines
    .flatMap((line) => line.trim().split(/ +/))
    .map((cell) => (cell === "-inf" ? "-Infinity" : cell));
  const numbers = cells.map((cell) => Math.fround(Number(cell)));
  const rows = Array.from({ length: numbers.length / width }, (_, row) =>
    numbers.slice(row * width, (row + 1) * width),
  );
  return rows.sort(([a = 0], [b = 0]) => a - b);
}

/** The same rows as the oracle has them. */
function oracleRows(mapping: Mapping, bits: number, signed: boolean): number[][] {
  const { table, thresholds } = bookOf(mapping, bits, signed);
  return Array.from(table, (level, code) => [code, level, thresholds[code - 1] ?? Number.NEGATIVE_INFINITY]);
}

describe("the page of flash-adamw-8bit", () => {
  const page = explain(shipped("flash-adamw-8bit"));

  test("shows the companded tables, each level once", () => {
    expect(tableRows(page, "m")).toEqual(oracleRows({ compand: "softsign", grid: "linear" }, 8, true));
    expect(tableRows(page, "v")).toEqual(oracleRows({ compand: "sqrt", grid: "linear" }, 8, false));
  });

  test("says how scales are kept, and counts them", () => {
    // 16 bits for 32 elements.
    expect(page).toContain("s, the greatest finite |x| to the nearest float16, for 32 elements: 0.063 bytes");
    expect(page).toContain(
      "s, the square of a float16, the nearest to the root of the greatest finite |x|, for 32",
    );
    expect(page).toMatch(/^ {2}4096 elements and more .* 2\.125 bytes a parameter$/m);
  });
});

describe("the page of adamw-4bit-block", () => {
  const page = explain(shipped("adamw-4bit-block"));

  test("shows the rule, hypers and what the host computes", () => {
    expect(page).toContain("  p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)");
    expect(page).toMatch(/^ {2}weight_decay +0\.01$/m);
    expect(page).toMatch(/= 1 - beta2\^t$/m);
  });

  test.each([
    ["m", "dynamic", true],
    ["v", { linear: { zero: false } }, false],
  ] as const)("shows the table of %s to the last bit", (state, mapping, signed) => {
    expect(tableRows(page, state)).toEqual(oracleRows(mapping, 4, signed));
  });

  test("counts bytes", () => {
    // Codes of 4 bits, and a float32 for 128 elements.
    expect(page).toContain("0.500 bytes a parameter");
    expect(page).toContain("0.031 bytes a parameter");
    expect(page).toMatch(/^ {2}4096 elements and more .* 1\.063 bytes a parameter$/m);
    expect(page).toMatch(/^ {2}fewer than 4096 .* 8\.000 bytes a parameter$/m);
    // Reads p, g and 1.0625 bytes of states, writes p and the states.
    expect(page).toMatch(/^ {2}step +9\.063 +5\.063 +14\.125 /m);
    expect(page).toMatch(/^ {2}step_float32 +16\.000 +12\.000 +28\.000 /m);
  });
});

test("a page shows 256 levels, stochastic streams, bfloat16, schedules and tensors' passes", () => {
  const eight = explain(shipped("lion-8bit"));
  expect(tableRows(eight, "m")).toEqual(oracleRows("dynamic", 8, true));

  const states = [
    "  m: { bits: 16, rounding: stochastic }",
    "  v: { bits: 5, signed: false, mapping: linear, normalize: tensor, rounding: stochastic, min_size: 100 }",
  ];
  const update = "  m = 0.9*m + g\n  v = 0.9*v + abs(g)\n  p = p - lr*m/(v + 1)";
  const path = workplace.write(
    "mixed.yaml",
    specText({ states: states.join("\n"), update }).replace("lr: 0.1", 'lr: "1/t"'),
  );
  const page = explain(path);
  expect(page).toMatch(/^ {2}lr +1\/t +a schedule$/m);
  expect(page).toMatch(/bfloat16.*2\.000 bytes a parameter/);
  expect(page).toContain("random stream 0");
  expect(page).toContain("random stream 1");
  expect(page).toContain("across 32-bit words");
  expect(page).toMatch(/^ {2}measure\w* .* measures v over each tensor$/m);
  expect(page).toMatch(/^ {2}100 to 4095 /m);
  // Stochastic rounding has levels, and no thresholds.
  expect(tableRows(page, "v")).toEqual(Array.from({ length: 32 }, (_, code) => [code, (code + 1) / 32]));
});

test("a page counts the bytes of parameters and gradients in each of their dtypes", () => {
  const states = "  m: { bits: 32 }";
  const half = "param: { dtype: [bf16, f32], master: 24, rounding: stochastic }\ngrad: [f16, f32]\n";
  const page = explain(workplace.write("half.yaml", half + specText({ states })));
  expect(page).toMatch(/p bfloat16 and a correction of 8 bits, stochastic rounding +g float16/);
  expect(page).toContain("p is rounded with random stream 0");
  // p, its correction and m of 4 bytes are read and written, g is read.
  expect(page).toMatch(/^ {2}step +9\.000 +7\.000 +16\.000 /m);
  expect(page).toMatch(/^ {2}step_bf16_f32 +11\.000 +7\.000 +18\.000 /m);
  expect(page).toMatch(/^ {2}step_f32_f16 +10\.000 +8\.000 +18\.000 /m);
  expect(page).toMatch(/^ {2}step_f32 +12\.000 +8\.000 +20\.000 /m);
});

describe("--stage", () => {
  test("spec is the spec as parsed", () => {
    const text = readFileSync(shipped("adamw-3bit"), "utf8");
    expect(parse(explain(shipped("adamw-3bit"), "--stage", "spec"))).toEqual(parse(text));
  });

  test("plan is plan.json", () => {
    workplace.run(["build", shipped("adamw-3bit")]);
    expect(explain(shipped("adamw-3bit"), "--stage", "plan")).toBe(
      workplace.read("generated/adamw-3bit/plan.json"),
    );
  });

  test("ir names every fragment, in the order of the passes", () => {
    const text = explain(shipped("adamw-3bit"), "--stage", "ir");
    expect(text).toMatch(/^kernel step \(step, tile \d+, granule 32\)$/m);
    expect(text).toMatch(/^ {2}table v_levels: f32\[8\] = 0\.125 0\.25 0\.375 0\.5 0\.625 0\.75 0\.875 1$/m);
    expect(text).toContain("    m_new: f32 = beta1 * m + one_minus_beta1 * g");
    for (const part of ["locate", "unpack", "decode", "magnitude", "scale", "stream", "encode", "pack"]) {
      expect(text.match(new RegExp(`^ {4}${part} \\(.*\\) -> \\(.*\\)$`, "gm"))).toHaveLength(2);
    }
  });

  test("a target is its files, as built", () => {
    const files = workplace.snapshot("generated/adamw-3bit");
    const shown = explain(shipped("adamw-3bit"), "--stage", "wgsl");
    const wgsl = Object.entries(files).filter(([path]) => /^wgsl\/.*(\.wgsl|kernels\.ts)$/.test(path));
    expect(wgsl.length).toBeGreaterThan(2);
    for (const [path, text] of wgsl) expect(shown).toContain(`==> ${path} <==\n${text}`);
    expect(explain(shipped("adamw-3bit"), "--stage", "cuda")).toContain(files["cuda/kernels.cu"]);
    expect(explain(shipped("adamw-3bit"), "--stage", "typescript")).toContain(files["typescript/codecs.ts"]);
  });
});

test("a wrong spec is its diagnostics, whatever the stage", () => {
  const path = workplace.write("wrong.yaml", "name: wrong\nupdate: [1]\n");
  for (const stage of [[], ["--stage", "spec"], ["--stage", "ir"]]) {
    const { code, stdout, stderr } = workplace.run(["explain", path, ...stage]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^wrong\.yaml:2:9: error E203: /);
  }
});
