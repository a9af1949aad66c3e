import type { Compiler } from "./compiler.js";
import { cpuCompiler } from "./cpu.js";

/** Of every target whose sources are compiled before a device loads them. */
export const compilers: readonly Compiler[] = [cpuCompiler()];
