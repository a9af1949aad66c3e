import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MathMode } from "../../lower/plan.js";
import type { Compiler, Job, Missing, Tool } from "./compiler.js";

/** float32 as the evaluator has it: each operation rounds once, nothing is reordered. With fast, products fuse with sums. */
const contraction: Readonly<Record<MathMode, string>> = { exact: "off", fast: "fast" };
const flags = ["-std=c++17", "-O3", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden"];

/** Instruction sets that one library each is made for; the device loads the last that the processor has. */
const instructionSets: Readonly<Record<string, readonly string[]>> = {
  x64: ["x86-64", "x86-64-v3", "x86-64-v4", "x86-64-v4-vbmi"],
  arm64: ["armv8-a"],
};

export interface CpuSettings {
  /** One library is made for each. */
  readonly instructions?: readonly string[];
  /** More flags, after the others. */
  readonly flags?: readonly string[];
}

/** The C++ compiler of this machine: `CXX`, c++, g++ or clang++. */
export function cpuCompiler({
  instructions = instructionSets[process.arch] ?? ["native"],
  flags: own = [],
}: CpuSettings = {}): Compiler {
  return { target: "cpu", find: findCompiler, jobs: () => instructions.map((name) => jobOf(name, own)) };
}

async function findCompiler(): Promise<Tool | Missing> {
  for (const command of [process.env.CXX ?? "", "c++", "g++", "clang++"].filter(Boolean)) {
    try {
      const { stdout } = await promisify(execFile)(command, ["--version"]);
      return { command, version: stdout };
    } catch {}
  }
  return {
    missing:
      "the cpu kernels were written but not compiled: no C++ compiler (c++, g++ or clang++) is on this machine; " +
      "install one (Debian: apt install g++) and build again",
  };
}

/** Permutations of bytes (VBMI), which all AVX-512 processors but the first have, are no level of their own. */
export function architectureOf(instructions: string): string[] {
  const [level, ...more] = instructions.split(/-(?=vbmi$)/);
  return [`-march=${level}`, ...more.map((name) => `-mavx512${name}`)];
}

function jobOf(instructions: string, own: readonly string[]): Job {
  return {
    sources: ["cpu/kernels.cpp", "cpu/codes.h", "cpu/tables.h", "cpu/tensors.h", "cpu/vectors.h"],
    output: `cpu/kernels-${instructions}.so`,
    args: (source, output, hash, math) => [
      ...flags,
      `-ffp-contract=${contraction[math]}`,
      ...own,
      ...architectureOf(instructions),
      `-DLOWBIT_SOURCES="${hash}"`,
      source,
      "-o",
      output,
    ],
  };
}
