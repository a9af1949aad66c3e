import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MathMode } from "../../lower/plan.js";
import { suggest } from "../../nearest.js";
import { UserError } from "../errors.js";
import type { Compiler, Job, Missing, Tool } from "./compiler.js";

/** float32 as the evaluator has it: each operation rounds once, nothing is contracted. Nothing is flushed in either. */
const arithmetic: Readonly<Record<MathMode, readonly string[]>> = {
  exact: ["--fmad=false", "-prec-div=true", "-prec-sqrt=true"],
  fast: ["--fmad=true", "-prec-div=false", "-prec-sqrt=false"],
};
const flags = ["-O3", "-ftz=false"];

/** Those that packages are compiled for, where the compiler knows them. */
const usual = ["sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"];

export const missingNvcc =
  "the cuda kernels were written but not compiled: nvcc is not found; install the CUDA toolkit, or name it with the " +
  "environment variable NVCC, and build again";

/**
 * NVIDIA's compiler: the nvcc of PATH, or the one that the environment variable NVCC names.
 *
 * @param architectures to compile for, such as sm_90, or compute_90 for PTX; where there are none, the usual ones with PTX
 * of the newest, for GPUs that are newer still
 */
export function cudaCompiler(architectures: readonly string[] = []): Compiler {
  return {
    target: "cuda",
    find: findNvcc,
    jobs: (tool) => [jobOf(tool, choose(tool, architectures))],
  };
}

async function findNvcc(): Promise<Tool | Missing> {
  const named = process.env.NVCC || undefined;
  const command = named ?? "nvcc";
  const ask = async (flag: string): Promise<string> => (await promisify(execFile)(command, [flag])).stdout;
  try {
    const questions = ["--version", "--list-gpu-code", "--list-gpu-arch"];
    const [version = "", code = "", virtual = ""] = await Promise.all(questions.map(ask));
    return { command, version, architectures: `${code}\n${virtual}`.split(/\s+/).filter(Boolean) };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isAbsent && named === undefined) return { missing: missingNvcc };
    throw new UserError(
      isAbsent
        ? `NVCC names ${command}, which is not there: correct it, or remove it from the environment`
        : `${command} does not run: ${error instanceof Error ? error.message.trim() : String(error)}`,
    );
  }
}

/** @throws {UserError} for an architecture that this nvcc does not know */
function choose({ architectures: known = [], version }: Tool, named: readonly string[]): readonly string[] {
  const nvcc = `nvcc ${spellVersion(version)}`;
  const unknown = named.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UserError(`${nvcc} has no architecture ${JSON.stringify(unknown)}: ${suggest(unknown, known)}`);
  if (named.length > 0) return [...new Set(named)];
  const found = usual.filter((name) => known.includes(name));
  const newest = found.at(-1);
  if (newest === undefined)
    throw new UserError(
      `${nvcc} compiles for none of ${usual.join(", ")}: install a newer one, or name others with --arch`,
    );
  return [...found, newest.replace("sm_", "compute_")];
}

function jobOf({ version }: Tool, architectures: readonly string[]): Job {
  const targets = architectures.map(
    (name) => `-gencode=arch=${name.replace("sm_", "compute_")},code=${name}`,
  );
  return {
    sources: ["cuda/kernels.cu"],
    output: "cuda/kernels.fatbin",
    args: (source, output, _, math) => [
      ...flags,
      ...arithmetic[math],
      ...targets,
      "--fatbin",
      "--threads=2",
      "-o",
      output,
      source,
    ],
    facts: { nvcc: spellVersion(version), architectures },
  };
}

/** 13.0, of what nvcc says of itself. */
function spellVersion(text: string): string {
  return /release (\d+\.\d+)/.exec(text)?.[1] ?? text.trim();
}
