import type { MappingSpec } from "../../spec/schema.js";
import { roundedUp } from "./float32.js";

type CompandingSpec = Extract<MappingSpec, { compand: string }>;
export type Companding = CompandingSpec["compand"];

/** mu of the mu-law, as telephony has it (ITU-T G.711). */
const MU = 255;

/**
 * Grid points z in [0, 1] back to values n, in float64. The transforms that they invert:
 * - softsign: z = 2n / (1 + n) and sqrt: z = sqrt(n), as FlashOptim has them
 * - mu-law: z = log(1 + mu n) / log(1 + mu)
 */
const expand: Readonly<Record<Companding, (z: number) => number>> = {
  none: (z) => z,
  softsign: (z) => z / (2 - z),
  sqrt: (z) => z * z,
  "mu-law": (z) => ((1 + MU) ** z - 1) / MU,
};

export function isCompanding(mapping: MappingSpec | undefined): mapping is CompandingSpec {
  return typeof mapping === "object" && "compand" in mapping;
}

/** Steps of the grid between 0 and 1: k / steps are its points, of both signs where there is one. */
export function gridSteps(bits: number, signed: boolean): number {
  return 2 ** (signed ? bits - 1 : bits) - 1;
}

/** float32: the values of a uniform grid from -1 or 0 to 1 that has 0, so that a signed one has 2^bits - 1. */
export function compandedLevels(companding: Companding, bits: number, signed: boolean): number[] {
  const steps = gridSteps(bits, signed);
  const least = signed ? -steps : 0;
  return Array.from({ length: steps - least + 1 }, (_, index) =>
    Math.fround(signedValue(companding, (index + least) / steps)),
  );
}

/** Midpoints of the grid, not of the values. */
export function compandedThresholds(companding: Companding, bits: number, signed: boolean): number[] {
  const steps = gridSteps(bits, signed);
  const least = signed ? -steps : 0;
  return Array.from({ length: steps - least }, (_, index) =>
    roundedUp(signedValue(companding, (index + least + 0.5) / steps)),
  );
}

function signedValue(companding: Companding, z: number): number {
  return z < 0 ? -expand[companding](-z) : expand[companding](z);
}
