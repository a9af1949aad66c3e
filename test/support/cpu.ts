import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Compiler } from "../../generator/cli/compile/compiler.js";
import { cpuCompiler } from "../../generator/cli/compile/cpu.js";
import type { Package } from "../../generator/index.js";
import { CpuDevice, LowbitError } from "../../runtime/index.js";

/** A device and what packages are compiled with for it. */
export interface Cpu {
  readonly device: CpuDevice;
  readonly compilers: readonly Compiler[];
}

/** Floats are the same at every level, and this one is the quickest; with the second, GCC fuses where it may. */
export const quickFlags: readonly string[] = ["-O1", "-fexpensive-optimizations"];

/**
 * One for each instruction set of this machine. Empty where there is no C++ compiler or no addon, which is an error in CI
 * and said loudly elsewhere.
 */
export const cpus: readonly Cpu[] = openAll();

/** One of them, by the text of a spec: all of them run, and each spec is compiled once. */
export function cpuOf(text: string): Cpu | undefined {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return cpus[hash % cpus.length];
}

/** Compiles the C++ of a package, without running it. */
export async function expectCpuCompiles({ files }: Package): Promise<void> {
  if (cpus.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), "lowbit-gen-"));
  try {
    const sources = files.filter(({ path }) => /^cpu\/.*\.(cpp|h)$/.test(path));
    for (const { path, text } of sources) writeFileSync(join(folder, basename(path)), text);
    const given = ["-std=c++17", "-fsyntax-only", join(folder, "kernels.cpp")];
    await promisify(execFile)(process.env.CXX ?? "c++", given);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openAll(): Cpu[] {
  try {
    execFileSync(process.env.CXX ?? "c++", ["--version"], { stdio: "ignore" });
    return new CpuDevice().instructions.map((instructions) => ({
      device: new CpuDevice({ threads: 2, instructions }),
      compilers: [cpuCompiler({ instructions: [instructions], flags: quickFlags })],
    }));
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = error instanceof LowbitError ? error.message : `no C++ compiler: ${String(error)}`;
    const line = `THE CPU KERNELS ARE NOT TESTED in this run: ${reason}`;
    console.warn(`\n${"!".repeat(line.length)}\n${line}\n${"!".repeat(line.length)}\n`);
    return [];
  }
}
