import { groupsOf, type Normalize, scaleOf } from "./groups.js";
import { roundedScale, type ScaleFormat } from "./scale.js";
import { boundsOf, type Mapping, tableOf, thresholds } from "./tables.js";

export type { Normalize } from "./groups.js";
export type Rounding = "nearest" | "stochastic";

/** The random u32 of an element; only stochastic rounding asks for it. */
export type Random = (element: number) => number;

/** A fixed mapping: ascending levels, and the bounds between them. */
export interface Codebook {
  readonly table: Float32Array;
  readonly thresholds: Float32Array;
}

export interface Encoded {
  readonly codes: Uint8Array;
  /** As rounded: what values are divided by and levels multiplied with. */
  readonly scales: Float32Array;
}

/** Below the smallest normal float32 a scale counts as 0: its reciprocal need not be finite. */
const SMALLEST_NORMAL = 2 ** -126;

/** With bounds halfway between values. */
export function codebook(table: Float32Array): Codebook {
  return { table, thresholds: thresholds(table) };
}

export function bookOf(mapping: Mapping, bits: number, signed: boolean): Codebook {
  return { table: tableOf(mapping, bits, signed), thresholds: boundsOf(mapping, bits, signed) };
}

/** Elements of a run, and how many runs a tensor of n elements has. */
export function runs(
  normalize: { readonly block: number } | "tensor",
  n: number,
): { size: number; count: number } {
  const size = normalize === "tensor" ? Math.max(n, 1) : normalize.block;
  return { size, count: Math.ceil(n / size) };
}

/** Absmax of every group over its finite elements, arXiv 2110.02861, section 2.1; no finite one gives 0. */
export function measure(
  values: Float32Array,
  normalize: Normalize,
  shape: readonly number[] = [values.length],
): Float32Array {
  const { count, entries } = groupsOf(normalize, shape);
  const scales = new Float32Array(count);
  for (const entry of entries) {
    for (const [i, x] of values.entries()) {
      const group = entry(i);
      if (Number.isFinite(x)) scales[group] = Math.max(scales[group] as number, Math.abs(x));
    }
  }
  return scales.map((scale) => (scale < SMALLEST_NORMAL ? 0 : scale));
}

/** n = x * (1 / s): the reciprocal is rounded once a run, the product once an element. */
export function normalized(x: number, scale: number): number {
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  return Math.fround(x * inverse);
}

/** Nearest level: the number of thresholds <= n. A midpoint goes up; NaN gives 0. */
export function nearestCode(n: number, { thresholds }: Codebook): number {
  return countNotAbove(thresholds, n);
}

/**
 * Between neighbours a <= n < b, up with probability (n - a) / (b - a): iff u * (b - a) < n - a, with u
 * the upper 24 bits of the random word as a fraction. A level never moves.
 */
export function stochasticCode(n: number, { table }: Codebook, random: number): number {
  const below = countNotAbove(table, n) - 1;
  if (below < 0) return 0;
  if (below === table.length - 1) return below;
  const a = table[below] as number;
  const b = table[below + 1] as number;
  const u = Math.fround((random >>> 8) * 2 ** -24);
  const up = Math.fround(u * Math.fround(b - a)) < Math.fround(n - a);
  return up ? below + 1 : below;
}

/** Measures every group, rounds its scale and encodes every element of a tensor, by default of one dimension. */
export function encode(
  values: Float32Array,
  book: Codebook,
  normalize: Normalize,
  rounding: Rounding,
  random: Random,
  shape: readonly number[] = [values.length],
  scaleFormat: ScaleFormat = { scale: "f32", root: false },
): Encoded {
  const scales = measure(values, normalize, shape).map((scale) => roundedScale(scale, scaleFormat).value);
  const groups = groupsOf(normalize, shape);
  const codes = Uint8Array.from(values, (x, i) => {
    const n = normalized(x, scaleOf(scales, groups, i));
    return rounding === "nearest" ? nearestCode(n, book) : stochasticCode(n, book, random(i));
  });
  return { codes, scales };
}

/** x = table[code] * s. */
export function decode(
  { codes, scales }: Encoded,
  book: Codebook,
  normalize: Normalize,
  shape: readonly number[] = [codes.length],
): Float32Array {
  const groups = groupsOf(normalize, shape);
  return Float32Array.from(codes, (code, i) => (book.table[code] as number) * scaleOf(scales, groups, i));
}

/** How many entries of an ascending array are <= n, by halving; 0 for NaN. */
function countNotAbove(ascending: Float32Array, n: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}
