import { bitsOf, fromBits } from "./arithmetic.js";

/**
 * bfloat16: the upper half of a float32. Two of them share a u32 word, the earlier element low; the
 * unused half of the last word is 0 (`pack` with 16 bits).
 */

/** Round to nearest, ties to even; a NaN stays a (quiet) NaN. */
export function nearestBf16(x: number): number {
  const pattern = bitsOf(x);
  if (Number.isNaN(x)) return quietNan(pattern);
  return (pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16;
}

/**
 * Away from zero with the probability the cut-off bits say; `random` is a u32, its low half is used. An
 * infinity has no such bits and stays; NaN as above.
 */
export function stochasticBf16(x: number, random: number): number {
  const pattern = bitsOf(x);
  if (Number.isNaN(x)) return quietNan(pattern);
  return (pattern + (random & 0xffff)) >>> 16;
}

export function decodeBf16(code: number): number {
  return fromBits((code << 16) >>> 0);
}

function quietNan(pattern: number): number {
  return (pattern >>> 16) | 0x0040;
}
