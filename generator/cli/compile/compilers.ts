import type { Compiler } from "./compiler.js";
import { cpuCompiler } from "./cpu.js";
import { cudaCompiler } from "./cuda.js";

/**
 * Of every target whose sources are compiled before a device loads them.
 *
 * @param architectures GPUs to compile for; the usual ones where there are none
 */
export function compilersOf(architectures: readonly string[]): readonly Compiler[] {
  return [cpuCompiler(), cudaCompiler(architectures)];
}
