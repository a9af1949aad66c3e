import { nextUp } from "./arithmetic.js";
import { type Companding, companded, float, power } from "./mappings.js";

/** The levels of a codec on [-1, 1] or [0, 1], as a spec writes them. */
export type Mapping =
  | "dynamic"
  | { readonly dynamic: { readonly zero: boolean } }
  | { readonly linear: { readonly zero: boolean } }
  | { readonly power: number }
  | { readonly float: { readonly exponent: number; readonly largest?: number } }
  | { readonly compand: Companding; readonly grid: "linear" }
  | { readonly table: readonly number[] };

/** The different float32 levels of a mapping, ascending: 2^bits, or fewer where two codes would mean the same. */
export function tableOf(mapping: Mapping, bits: number, signed: boolean): Float32Array {
  if (mapping === "dynamic") return dynamic(bits, signed);
  if ("dynamic" in mapping) return dynamic(bits, signed, mapping.dynamic.zero);
  if ("linear" in mapping) return linear(bits, signed, mapping.linear.zero);
  if ("power" in mapping) return power(linear(bits, signed), mapping.power);
  if ("float" in mapping) return float(bits, signed, mapping.float.exponent, mapping.float.largest);
  if ("compand" in mapping) return companded(mapping.compand, bits, signed).table;
  return Float32Array.from(mapping.table);
}

/** The bounds between the levels of a mapping: halfway between values, or between points of a companded grid. */
export function boundsOf(mapping: Mapping, bits: number, signed: boolean): Float32Array {
  const isCompanded = typeof mapping === "object" && "compand" in mapping;
  return isCompanded
    ? companded(mapping.compand, bits, signed).thresholds
    : thresholds(tableOf(mapping, bits, signed));
}

/**
 * The dynamic-exponent map, arXiv 2110.02861, section 2.2.
 *
 * Decade i = 0 .. bits-2 has 2^i levels (2^(i+1) without a sign): [0.1, 1] is cut into as many equal
 * parts, a level is the centre of a part times 10^(i - bits + 2). The signed map has each of these
 * with both signs. 0 and +1 are added; -1 is not a level. Without zero (arXiv 2309.01507, DE-0) 0 is not added.
 *
 * The published tables are computed in float32: bounds by `linspace`, their mean, the power of ten
 * rounded to float32 and the product each round once.
 */
export function dynamic(bits: number, signed: boolean, zero = true): Float32Array {
  const levels = zero ? [0, 1] : [1];
  for (let i = 0; i <= bits - 2; i++) {
    const power = Math.fround(Number(`1e${i - bits + 2}`));
    const bounds = linspace(0.1, 1, 2 ** (signed ? i : i + 1) + 1);
    for (let k = 0; k + 1 < bounds.length; k++) {
      const centre = Math.fround(Math.fround(at(bounds, k) + at(bounds, k + 1)) / 2);
      const level = Math.fround(power * centre);
      levels.push(level);
      if (signed) levels.push(-level);
    }
  }
  return Float32Array.from(levels.sort((a, b) => a - b));
}

/**
 * Equally spaced levels, arXiv 2309.01507, section 4.1 (there called linear).
 * Unsigned: (k + 1) / 2^bits, or k / (2^bits - 1) with zero.
 * Signed: 2^bits points from -1 to 1, or k / 2^(bits-1) for k = -2^(bits-1) + 1 .. 2^(bits-1) with zero.
 */
export function linear(bits: number, signed: boolean, zero = false): Float32Array {
  const count = 2 ** bits;
  if (signed && !zero) return linspace(-1, 1, count);
  const level = (k: number): number => {
    if (signed) return (k - count / 2 + 1) / (count / 2);
    return zero ? k / (count - 1) : (k + 1) / count;
  };
  return Float32Array.from({ length: count }, (_, k) => level(k));
}

/**
 * Equally spaced float32 numbers. The step is a float32; each half is counted from its own end, with
 * one rounding for the product and the sum together (they are exact in float64).
 */
export function linspace(from: number, to: number, count: number): Float32Array {
  const [a, b] = [Math.fround(from), Math.fround(to)];
  const step = Math.fround(Math.fround(b - a) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? a + step * i : b - step * (count - 1 - i),
  );
}

/**
 * The bounds between levels: the exact midpoint of two neighbours, rounded up to a float32,
 * so that for a float32 n "threshold <= n" says the same as "midpoint <= n".
 */
export function thresholds(table: Float32Array): Float32Array {
  return Float32Array.from({ length: table.length - 1 }, (_, k) =>
    midpointUp(at(table, k), at(table, k + 1)),
  );
}

function midpointUp(a: number, b: number): number {
  // Knuth's two-sum: a + b = sum + error exactly, also where float64 cannot hold a + b.
  const sum = a + b;
  const bRounded = sum - a;
  const error = a - (sum - bRounded) + (b - bRounded);
  const rounded = Math.fround(sum / 2);
  const below = rounded < sum / 2 || (rounded === sum / 2 && error > 0);
  return below ? nextUp(rounded) : rounded;
}

function at(values: Float32Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no entry ${index} of ${values.length}`);
  return value;
}
