import type { BucketEncoder } from "./encoder.js";
import { bitsOf } from "./float32.js";

/**
 * A bucket encoder with its threshold and its code in one word, which is added to the bits of the size: where these lie above
 * the threshold the sum carries into the code, which stands in its highest bits. For targets to which a comparison and a second
 * lookup are dear.
 */
export interface StepEncoder {
  readonly kind: "steps";
  /** Bits of |n| below the bucket's number. */
  readonly shift: number;
  /** Bits of a code. */
  readonly width: number;
  /** Bucket numbers are clamped to [low, high], of which neither holds a threshold. */
  readonly low: number;
  readonly high: number;
  /** Whether negative n have buckets of their own, before the others, in the order of n; else they count as 0. */
  readonly signed: boolean;
  /** u32, of each bucket. */
  readonly steps: readonly number[];
}

/** Undefined where a threshold is 0, which has no bucket, or above 1, or a word has no room for all. */
export function stepEncoder(
  { shift, low, signed, ...bucket }: BucketEncoder,
  thresholds: readonly number[],
): StepEncoder | undefined {
  // An unsigned n is clamped to [0, 1] alone.
  const high = signed ? bucket.high : Math.floor(bitsOf(1) / 2 ** shift);
  const width = Math.ceil(Math.log2(thresholds.length + 1));
  const room = 32 - width;
  if (shift > room || low === 0 || thresholds.some((threshold) => threshold === 0 || Math.abs(threshold) > 1))
    return undefined;
  const place = (threshold: number): number => {
    const size = Math.max(bitsOf(Math.abs(threshold)) - low * 2 ** shift, 0);
    return threshold > 0 ? MIDDLE + size : MIDDLE - size;
  };
  const places = signed ? thresholds.map(place) : thresholds.map(bitsOf);
  const middle = MIDDLE / 2 ** shift;
  const reach = high - low + 1;
  const [first, last] = signed ? [middle - reach, middle + reach - 1] : [low, high];
  const steps: number[] = [];
  for (let key = first; key <= last; key++) {
    const from = key * 2 ** shift;
    // A threshold at the beginning of a bucket is passed by all of it.
    const own = places.find((threshold) => threshold > from && threshold < from + 2 ** shift);
    const passed = places.filter((threshold) => threshold <= from).length;
    const carry = own === undefined ? 0 : (from + 2 ** shift - own) * 2 ** (room - shift);
    steps.push(wrap((passed - key) * 2 ** room + carry));
  }
  return { kind: "steps", shift, width, low, high, signed, steps };
}

/** Where sizes of positive n begin, and those of negative n end, which go down from there. */
export const MIDDLE = 2 ** 31;

const wrap = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
