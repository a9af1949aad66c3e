import type { MappingSpec } from "../../spec/schema.js";
import { compandedLevels, compandedThresholds, isCompanding } from "./compand.js";
import { floatLevels } from "./float-format.js";
import { nextUp, roundedUp } from "./float32.js";

const { fround } = Math;

/** What the codes of a mapping stand for, and where one ends and the next begins. */
export interface Codebook {
  /** float32[2^bits], ascending; a mapping of fewer repeats its last, for which there is then no code but the first. */
  readonly levels: readonly number[];
  /** float32, one fewer than there are different levels: the code of n is the number of thresholds <= n. */
  readonly thresholds: readonly number[];
}

export function codebookOf(mapping: MappingSpec, bits: number, signed: boolean): Codebook {
  const levels = levelsOf(mapping, bits, signed);
  const thresholds = isCompanding(mapping)
    ? compandedThresholds(mapping.compand, bits, signed)
    : thresholdsOf(levels);
  const rest = Array<number>(2 ** bits - levels.length).fill(levels.at(-1) as number);
  return { levels: [...levels, ...rest], thresholds };
}

/** The levels above the first: as many as there are thresholds. */
export function nextLevels(levels: readonly number[], thresholds: readonly number[]): number[] {
  return levels.slice(1, thresholds.length + 1);
}

/** What a code is found by: the thresholds, or for stochastic rounding the levels themselves. */
export function searchedOf(
  rounding: "nearest" | "stochastic",
  levels: readonly number[],
  thresholds: readonly number[],
): readonly number[] {
  return rounding === "nearest" ? thresholds : nextLevels(levels, thresholds);
}

/** float32, ascending: the different levels of a mapping. */
export function levelsOf(mapping: MappingSpec, bits: number, signed: boolean): number[] {
  if (mapping === "dynamic") return dynamic(bits, signed, true);
  if (mapping === "linear") return linear(bits, signed, false);
  if (typeof mapping === "object") {
    if ("dynamic" in mapping) return dynamic(bits, signed, mapping.dynamic.zero);
    if ("linear" in mapping) return linear(bits, signed, mapping.linear.zero);
    if ("power" in mapping) return powers(mapping.power, bits, signed);
    if ("float" in mapping) return floatLevels(mapping.float, bits, signed);
    if (isCompanding(mapping)) return compandedLevels(mapping.compand, bits, signed);
    // A level -0 would be told from 0 by some targets alone.
    if ("table" in mapping) return mapping.table.map((level) => fround(level) + 0);
  }
  throw new Error(`no levels for the mapping ${JSON.stringify(mapping)}`);
}

/**
 * The midpoint of two neighbours, rounded up where float32 cannot hold it, so that a value below the true midpoint
 * takes the lower level.
 */
export function thresholdsOf(levels: readonly number[]): number[] {
  return levels.slice(1).map((upper, index) => middleOf(levels[index] as number, upper));
}

function middleOf(lower: number, upper: number): number {
  const sum = lower + upper;
  // What float64 has lost of the sum (Knuth's TwoSum): levels may be 2^149 apart.
  const rest = lower - (sum - (sum - lower)) + (upper - (sum - lower));
  const middle = roundedUp(sum / 2);
  return middle === sum / 2 && rest > 0 ? nextUp(middle) : middle;
}

/**
 * The dynamic-exponent map (8-bit Optimizers, arXiv 2110.02861, section 2.2): k leading zeros choose a decade, the
 * bits after them the mean of one of its equal parts, so decade 10^-k has half as many levels as the one above it.
 * Computed as the published codebooks are: float32 throughout. Without zero (arXiv 2309.01507, section 4.1: DE-0) one level
 * fewer is left.
 */
function dynamic(bits: number, signed: boolean, zero: boolean): number[] {
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
  return [...negative, ...(zero ? [0] : []), ...positive, 1].sort((a, b) => a - b);
}

/** Evenly spaced levels; without zero as lpmm (arXiv 2309.01507) has them, with zero such that 0 and 1 are levels. */
function linear(bits: number, signed: boolean, zero: boolean): number[] {
  const count = 2 ** bits;
  if (signed && zero) return Array.from({ length: count }, (_, k) => (k - count / 2 + 1) / (count / 2));
  if (signed) return linspace(-1, 1, count);
  if (zero) return Array.from({ length: count }, (_, k) => fround(k / (count - 1)));
  return Array.from({ length: count }, (_, k) => (k + 1) / count);
}

/**
 * sign(x) |x|^p of the linear levels x without zero (lpmm, arXiv 2309.01507): closer together near 0 for p > 1. A whole
 * p is so many float32 products, as the published tables were made; another is a float64 power, rounded once.
 */
function powers(p: number, bits: number, signed: boolean): number[] {
  const power = (x: number): number => {
    if (!Number.isInteger(p)) return fround(x ** p);
    let product = x;
    for (let factors = 1; factors < p; factors++) product = fround(product * x);
    return product;
  };
  return linear(bits, signed, false).map((x) => (x < 0 ? -power(-x) : power(x)));
}

/** float32: from the nearer end, product and sum rounded together, as the published codebooks were made. */
function linspace(start: number, end: number, count: number): number[] {
  const step = fround(fround(end - start) / (count - 1));
  return Array.from({ length: count }, (_, k) =>
    k < count / 2 ? fround(start + step * k) : fround(end - step * (count - 1 - k)),
  );
}
