import type { BucketEncoder } from "./encoder.js";
import { bitsOf } from "./float32.js";

/**
 * Buckets of all floats, by their leading bits, each with its threshold and its code in one word: the bits, times 128, are
 * added, or taken away where more of them are less, and where the float lies above the threshold the sum carries into the code,
 * which stands in its highest bits. For few thresholds that lie so far apart that 2,048 buckets part them.
 */
export interface OrderedEncoder {
  readonly kind: "ordered";
  /** Bits below the bucket's number. */
  readonly shift: number;
  /** Bits of a code. */
  readonly width: number;
  /** u32, of each bucket. */
  readonly steps: readonly number[];
}

/** Fewer buckets would have an infinity and a NaN, which has the first code, in one. */
const SHIFT = 22;
const LEAST_SHIFT = 21;
const QUIET_NAN = 0xffc00000;
/** Of the sum for each of a float's bits. */
const SLOPE = 128;

/** Undefined where an unsigned n needs only half of it, or where buckets would have to be smaller. */
export function orderedEncoder(
  { shift: given, signed }: BucketEncoder,
  thresholds: readonly number[],
): OrderedEncoder | undefined {
  const width = Math.ceil(Math.log2(thresholds.length + 1));
  const room = 32 - width;
  // A bucket's sums come to no more than one code.
  const shift = Math.min(given, SHIFT, room - Math.log2(SLOPE));
  if (!signed || shift < LEAST_SHIFT) return undefined;
  const places = thresholds.map(orderedBits);
  const count = 2 ** (32 - shift);
  const steps: number[] = [];
  for (let key = 0; key < count; key++) {
    const isNegative = key >= count / 2;
    const from = (isNegative ? count - 1 - key : key + count / 2) * 2 ** shift;
    // A threshold at the beginning of a bucket is passed by all of it.
    const own = places.filter((place) => place > from && place < from + 2 ** shift);
    if (own.length > 1) return undefined;
    const passed = from >= QUIET_NAN ? 0 : places.filter((place) => place <= from).length;
    const carry = own[0] === undefined ? 0 : 2 ** room - (own[0] - from) * SLOPE;
    // Bits of a negative float, counted from the last: one less than their negative.
    steps.push(wrap(passed * 2 ** room + carry - (from + (isNegative ? 1 : 0)) * SLOPE));
  }
  return { kind: "ordered", shift, width, steps };
}

const wrap = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;

/** Order as floats do. Both zeros pass a threshold of 0: its place is that of the negative one. */
function orderedBits(value: number): number {
  const bits = bitsOf(value === 0 ? -0 : value);
  return (bits ^ (-(bits >>> 31) | 0x80000000)) >>> 0;
}
