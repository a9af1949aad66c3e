import type { MappingSpec } from "../../spec/schema.js";
import { nextUp } from "./float32.js";

const { fround } = Math;

/** float32[2^bits], ascending: the levels of a mapping. */
export function levelsOf(mapping: MappingSpec, bits: number, signed: boolean): number[] {
  if (mapping === "dynamic") return dynamic(bits, signed);
  if (mapping === "linear") return linear(bits, signed, false);
  if (typeof mapping === "object" && "linear" in mapping) return linear(bits, signed, mapping.linear.zero);
  // A level -0 would be told from 0 by some targets alone.
  if (typeof mapping === "object" && "table" in mapping)
    return mapping.table.map((level) => fround(level) + 0);
  throw new Error(`no levels for the mapping ${JSON.stringify(mapping)}`);
}

/**
 * float32[2^bits - 1]: the midpoint of two neighbours, rounded up where float32 cannot hold it, so that a value below
 * the true midpoint takes the lower level.
 */
export function thresholdsOf(levels: readonly number[]): number[] {
  return levels.slice(1).map((upper, index) => {
    const middle = ((levels[index] as number) + upper) / 2;
    const rounded = fround(middle);
    return rounded < middle ? nextUp(rounded) : rounded;
  });
}

/**
 * The dynamic-exponent map (8-bit Optimizers, arXiv 2110.02861, section 2.2): k leading zeros choose a decade, the
 * bits after them the mean of one of its equal parts, so decade 10^-k has half as many levels as the one above it.
 * Computed as the published codebooks are: float32 throughout.
 */
function dynamic(bits: number, signed: boolean): number[] {
  const decades = bits - 1;
  const positive: number[] = [];
  for (let decade = 0; decade < decades; decade++) {
    const boundaries = linspace(fround(0.1), 1, 2 ** (signed ? decade : decade + 1) + 1);
    const scale = fround(10 ** (decade - decades + 1));
    for (let part = 1; part < boundaries.length; part++) {
      const mean = fround(fround((boundaries[part - 1] as number) + (boundaries[part] as number)) / 2);
      positive.push(fround(scale * mean));
    }
  }
  const negative = signed ? positive.map((level) => -level) : [];
  return [...negative, 0, ...positive, 1].sort((a, b) => a - b);
}

/** Evenly spaced levels; without zero as lpmm (arXiv 2309.01507) has them, with zero such that 0 and 1 are levels. */
function linear(bits: number, signed: boolean, zero: boolean): number[] {
  const count = 2 ** bits;
  if (signed && zero) return Array.from({ length: count }, (_, k) => (k - count / 2 + 1) / (count / 2));
  if (signed) return linspace(-1, 1, count);
  if (zero) return Array.from({ length: count }, (_, k) => fround(k / (count - 1)));
  return Array.from({ length: count }, (_, k) => (k + 1) / count);
}

/** float32: from the nearer end, product and sum rounded together, as the published codebooks were made. */
function linspace(start: number, end: number, count: number): number[] {
  const step = fround(fround(end - start) / (count - 1));
  return Array.from({ length: count }, (_, k) =>
    k < count / 2 ? fround(start + step * k) : fround(end - step * (count - 1 - k)),
  );
}
