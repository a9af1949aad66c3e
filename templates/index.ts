import type { Target } from "../generator/target.js";
import { cpu } from "./cpu/target.js";
import { cuda } from "./cuda/target.js";
import { typescript } from "./typescript/target.js";
import { wgsl } from "./wgsl/target.js";

/** Every target there is: a folder each. */
export const targets: readonly Target[] = [typescript, cpu, wgsl, cuda];
