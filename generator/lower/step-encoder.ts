import type { BucketEncoder } from "./encoder.js";

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
  /** Whether negative n have buckets of their own, after the others, from which the size is subtracted; else they count as 0. */
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
  const left = 2 ** (room - shift);
  const steps: number[] = [];
  for (const negative of signed ? [false, true] : [false]) {
    const sizes = thresholds
      .filter((threshold) => threshold < 0 === negative)
      .map((t) => bitsOf(Math.abs(t)));
    for (let key = low; key <= high; key++) {
      // A positive one at the beginning of a bucket is passed by all of it.
      const from = negative ? key * 2 ** shift : key * 2 ** shift + 1;
      const own = sizes.find((size) => size >= from && size < (key + 1) * 2 ** shift);
      const passed = sizes.filter((size) => size < from).length;
      const count = negative ? sizes.length - passed : thresholds.length - sizes.length + passed;
      const offset = own === undefined ? 0 : own % 2 ** shift;
      // A code is reached at its threshold, but left behind a negative one.
      const positive = (count - key) * 2 ** room + (own === undefined ? 0 : (2 ** shift - offset) * left);
      const falling = (count + key) * 2 ** room + (own === undefined ? 2 ** shift - 1 : offset) * left;
      steps.push(wrap(negative ? falling : positive));
    }
  }
  return { kind: "steps", shift, width, low, high, signed, steps };
}

const wrap = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

function bitsOf(value: number): number {
  float[0] = value;
  return word[0] as number;
}
