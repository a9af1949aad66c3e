/** How a target's sources become what its device loads. Types only. */
import type { MathMode } from "../../lower/plan.js";

export interface Compiler {
  /** Its target's name. */
  readonly target: string;
  /** Its files in a package that has them, relative to the package's folder: what is compiled, and from what. */
  readonly jobs: (tool: Tool) => readonly Job[];
  /** The tool on this machine, or what is missing. */
  find(): Promise<Tool | Missing>;
}

export interface Tool {
  readonly command: string;
  /** All that may change what it makes. */
  readonly version: string;
  /** What it compiles for, where that is asked for. */
  readonly architectures?: readonly string[];
}

export interface Missing {
  /** A sentence for the user: what is not here, and what to do. */
  readonly missing: string;
}

export interface Job {
  /** Relative to the package's folder, with /. The first is what the tool is given, the others it reads by itself. */
  readonly sources: readonly [string, ...string[]];
  readonly output: string;
  /** Arguments of the tool for these paths, for the SHA-256 of the sources one after the other, and for the plan's `math`. */
  readonly args: (source: string, output: string, hash: string, math: MathMode) => readonly string[];
  /** Written as JSON to `<output>.json`, with the SHA-256 of the sources: what the device says where it cannot load it. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

export function isMissing(found: Tool | Missing): found is Missing {
  return "missing" in found;
}
