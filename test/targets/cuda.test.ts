import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cudaCompiler } from "../../generator/cli/compile/cuda.js";
import { mathOf } from "../../generator/cli/compile/stamps.js";
import { compile } from "../../generator/index.js";
import { cuda } from "../../templates/cuda/target.js";

const run = promisify(execFile);
const generated = join(import.meta.dirname, "../../generated");
const specs = join(import.meta.dirname, "../../spec");
const nvcc = process.env.NVCC ?? "nvcc";
const found = spawnSync(nvcc, ["--version"], { encoding: "utf8" });

/** Each operation rounds once: no contraction, no fast division, no flushing. Any warning is an error. */
const flags = [
  "-O3",
  "--fmad=false",
  "-prec-div=true",
  "-prec-sqrt=true",
  "-ftz=false",
  "-Werror=all-warnings",
  "-gencode=arch=compute_80,code=sm_80",
  "-gencode=arch=compute_90,code=[sm_90,compute_90]",
];

const m = "{ bits: 3, signed: true, mapping: dynamic, normalize: { block: 96 }, rounding: stochastic }";
const rule = 'update: "m = 0.9*m + g\\np = p - 0.1*m"';

/** Every dtype of parameters with every dtype of gradients, rounded and split as can be, with several kinds of kernels. */
const dtypeSpecs = [
  ["all-dtypes", `param: [f32, bf16, f16]\ngrad: [f32, bf16, f16]\nstates: { m: { bits: 32 } }\n${rule}`],
  ["at-random", `param: { dtype: [bf16, f16], rounding: stochastic }\nstates: { m: ${m} }\n${rule}`],
  ["split-24", `param: { dtype: bf16, master: 24, rounding: stochastic }\nstates: { m: ${m} }\n${rule}`],
  ["split-32", `param: { dtype: bf16, master: 32 }\ngrad: f16\nstates: { m: ${m} }\n${rule}`],
  [
    "with-reductions",
    'param: { dtype: bf16, master: 24 }\ngrad: f16\nstates: { r: { bits: 32, shape: row } }\nupdate: "r = 0.9*r + rowmean(g*g + p*p)\\np = p - 0.1*g/sqrt(r)"',
  ],
  [
    "over-a-tensor",
    'param: { dtype: f16, rounding: stochastic }\nstates: { m: { bits: 8, signed: true, mapping: dynamic, normalize: tensor } }\nupdate: "m = 0.9*m + g + 0.1*p\\np = p - 0.1*m"',
  ],
].map(([name = "", text = ""]) => ({ name, text: `name: ${name}\n${text}` }));

if (found.status !== 0) {
  const line = `NO CUDA COMPILER: ${nvcc} is not on this machine, so no generated .cu file was compiled in this run.`;
  console.warn(`\n${"!".repeat(line.length)}\n${line}\n${"!".repeat(line.length)}\n`);
}

describe.runIf(found.status === 0)(
  "nvcc compiles every generated package for sm_80, sm_90 and PTX",
  async () => {
    let folder = "";
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "lowbit-gen-cuda-"));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test("math: fast fuses, divides and takes roots with approximations, and exact with none", async () => {
      const text = await readFile(join(specs, "adamw-8bit.yaml"), "utf8");
      const count = async (math: "exact" | "fast"): Promise<Record<string, number>> => {
        const result = compile(`${text}math: ${math}\n`, [cuda]);
        const place = join(folder, math);
        await mkdir(place);
        for (const { path, text: own } of result.ok ? result.value.files : []) {
          await mkdir(dirname(join(place, path)), { recursive: true });
          await writeFile(join(place, path), own);
        }
        const [job] = cudaCompiler().jobs({ command: nvcc, version: "", architectures: ["sm_90"] });
        const [source, output] = [join(place, "cuda/kernels.cu"), join(place, "kernels.ptx")];
        const given = job!.args(source, output, "", mathOf(place));
        const arithmetic = given.filter((flag) => /^-(-fmad|prec-|ftz)/.test(flag));
        await run(nvcc, ["-O3", ...arithmetic, "-arch=compute_90", "--ptx", "-o", output, source]);
        const ptx = await readFile(output, "utf8");
        const names = ["fma.rn.f32", "div.full.f32", "sqrt.approx.f32", "div.rn.f32", "sqrt.rn.f32", ".ftz"];
        return Object.fromEntries(names.map((name) => [name, ptx.split(name).length - 1]));
      };
      const fast = await count("fast");
      for (const name of ["fma.rn.f32", "div.full.f32", "sqrt.approx.f32"])
        expect(fast[name], name).toBeGreaterThan(0);
      for (const name of ["div.rn.f32", "sqrt.rn.f32", ".ftz"]) expect(fast[name], name).toBe(0);
      const exact = await count("exact");
      for (const name of ["div.full.f32", "sqrt.approx.f32"]) expect(exact[name], name).toBe(0);
    });

    test("two states with levels of each run's own", { timeout: 300_000 }, async () => {
      const log = "{ bits: 2, signed: false, mapping: log, normalize: { block: 128 } }";
      const update = "m = 0.9*m + abs(g)\\nv = 0.9*v + g*g\\np = p - lr*(m/(1 - beta^t))/(sqrt(v) + 1e-8)";
      const head = "name: two-logs\nhyper: { lr: 0.1, beta: 0.9 }";
      const result = compile(`${head}\nstates: { m: ${log}, v: ${log} }\nupdate: "${update}"`, [cuda]);
      const file = result.ok ? result.value.files.find(({ path }) => path.endsWith(".cu")) : undefined;
      const source = join(folder, "two-logs.cu");
      await writeFile(source, file?.text ?? "");
      expect(file?.text).toContain("v_alpha");
      const { stderr } = await run(nvcc, [...flags, "-c", source, "-o", join(folder, "two-logs.o")]);
      expect(stderr).toBe("");
    });

    test.each(dtypeSpecs)("parameters and gradients: $name", { timeout: 300_000 }, async ({ name, text }) => {
      const result = compile(text, [cuda]);
      const file = result.ok ? result.value.files.find(({ path }) => path.endsWith(".cu")) : undefined;
      const source = join(folder, `${name}.cu`);
      await writeFile(source, file?.text ?? "");
      expect(file?.text).toContain("uint16_t* p;");
      const { stderr } = await run(nvcc, [...flags, "-c", source, "-o", join(folder, `${name}.o`)]);
      expect(stderr).toBe("");
    });

    for (const spec of await readdir(generated)) {
      test(spec, { timeout: 300_000 }, async () => {
        const source = join(generated, spec, "cuda", "kernels.cu");
        const { stderr } = await run(nvcc, [...flags, "-c", source, "-o", join(folder, `${spec}.o`)]);
        expect(stderr).toBe("");
      });
    }
  },
);

describe.runIf(found.status !== 0)("without nvcc", () => {
  test("the run says loudly that CUDA sources were not compiled", () => {
    expect(found.error).toBeDefined();
  });
});
