/** Finds what a package's C++ sources were compiled to. */
import type { OptimizerDescriptor } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import type { NativeCpu, NativeLibrary } from "../native/cpu.js";

const sources = ["kernels.cpp", "codes.h", "tables.h", "tensors.h", "vectors.h"];

/**
 * Loads the library for the best of some instruction sets that there is.
 *
 * @param module URL of the package's module of cpu kernels, beside which the libraries lie
 * @throws {LowbitError} `not-compiled` where there is none, or only one of other sources; `kernel-load`
 */
export function openLibrary(
  cpu: NativeCpu,
  { name }: OptimizerDescriptor,
  module: string,
  instructionSets: readonly string[],
): NativeLibrary {
  const { existsSync, readFileSync } = process.getBuiltinModule("node:fs");
  const { createHash } = process.getBuiltinModule("node:crypto");
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  const pathOf = (file: string): string => fileURLToPath(new URL(file, module));
  const remedy = `run \`npx lowbit-gen build\` on its spec, where a C++ compiler is`;

  const path = instructionSets.map((set) => pathOf(`kernels-${set}.so`)).find((file) => existsSync(file));
  if (path === undefined)
    throw new LowbitError(
      "not-compiled",
      `the cpu kernels of ${name} are not compiled for ${instructionSets.join(" or ")} (${pathOf(".")}): ${remedy}`,
    );
  const library = load(cpu, path, remedy);
  if (!sources.every((file) => existsSync(pathOf(file)))) return library;
  const hash = createHash("sha256");
  for (const file of sources) hash.update(readFileSync(pathOf(file)));
  if (cpu.textOf(library, "lowbit_sources") !== hash.digest("hex"))
    throw new LowbitError(
      "not-compiled",
      `${path} was compiled of other sources than those beside it: ${remedy}`,
    );
  return library;
}

function load(cpu: NativeCpu, path: string, remedy: string): NativeLibrary {
  try {
    return cpu.openLibrary(path);
  } catch (cause) {
    throw new LowbitError("kernel-load", `${path} does not load (${(cause as Error).message}): ${remedy}`, {
      cause,
    });
  }
}
