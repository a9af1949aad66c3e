import { CpuDevice, type Device } from "../../../runtime/index.js";
import type { Compiler } from "./compiler.js";
import { cpuCompiler } from "./cpu.js";

/** What a package that is made for one run on a device must be compiled with. */
export function compilersFor(device: Device): readonly Compiler[] {
  return device instanceof CpuDevice ? [cpuCompiler({ instructions: device.instructions.slice(0, 1) })] : [];
}
