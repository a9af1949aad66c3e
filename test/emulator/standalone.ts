/** Functions of generated CUDA kernels, called by a program of their own on the CPU. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../generator/index.js";
import { cuda } from "../../templates/cuda/target.js";
import { shippedSpecs } from "../properties/harness.js";

const folder = import.meta.dirname;

/** What is generated of a spec that is shipped. */
export function sourceOf(name: string): string {
  const text = shippedSpecs(0).find((spec) => spec.name === name)?.text ?? "";
  const result = compile(text, [cuda]);
  if (!result.ok) throw new Error(`${name} is not valid`);
  return result.value.files.find(({ path }) => path === "cuda/kernels.cu")?.text ?? "";
}

/** What a program prints that follows a source. */
export function outputOf(source: string, program: string): string {
  const own = mkdtempSync(join(tmpdir(), "lowbit-standalone-"));
  try {
    const [input, translated, compiled] = ["check.cu", "check.cc", "check"].map((name) =>
      join(own, name),
    ) as [string, string, string];
    writeFileSync(input, source + program);
    execFileSync("node", [join(folder, "nvcc.mjs"), "-E", "-o", translated, input]);
    const flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-fno-math-errno"];
    execFileSync("g++", [...flags, "-include", join(folder, "cuda.h"), "-o", compiled, translated], {
      stdio: "pipe",
    });
    return execFileSync(compiled, { encoding: "utf8" });
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
