import { summarize } from "../generator/cli/bench/statistics.js";

/** One measured number. */
export interface Figure {
  readonly part: Part;
  readonly what: string;
  readonly unit: Unit;
  readonly median: number;
  /** The least time or memory, the highest rate: what a shared machine disturbs least. */
  readonly best: number;
  readonly samples: readonly number[];
  /** What the project asks for, where it asks for something. */
  readonly goal?: string;
}

export const parts = {
  commands: "A command, as a whole process",
  typescript: "Steps on the typescript device, one core",
  cpu: "Steps on the cpu device, all cores, one tensor of 16,777,216 parameters",
  webgpu: "Steps on the webgpu device",
  allocation: "Memory that the host allocates each step",
} as const;

export type Unit = "ms" | "M parameters/s" | "GB/s" | "bytes";

export type Part = keyof typeof parts;

/** @param samples in measured order */
export function figure(
  part: Part,
  what: string,
  unit: Unit,
  samples: readonly number[],
  goal?: string,
): Figure {
  const { min, median, max } = summarize(samples);
  return {
    part,
    what,
    unit,
    median,
    best: unit.endsWith("/s") ? max : min,
    samples,
    ...(goal === undefined ? {} : { goal }),
  };
}
