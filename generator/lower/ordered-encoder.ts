import type { BucketEncoder } from "./encoder.js";

/**
 * Buckets of all floats, by the leading bits of what orders as they do, each with its threshold and its code in one word: the
 * bits are added, and where they lie above the threshold the sum carries into the code, which stands in its highest bits. For
 * few thresholds that lie so far apart that 2,048 buckets part them.
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

/** Undefined where an unsigned n needs only half of it, or where buckets would have to be smaller. */
export function orderedEncoder(
  { shift: given, signed }: BucketEncoder,
  thresholds: readonly number[],
): OrderedEncoder | undefined {
  const shift = Math.min(given, SHIFT);
  const width = Math.ceil(Math.log2(thresholds.length + 1));
  const room = 32 - width;
  if (!signed || shift < LEAST_SHIFT || shift > room) return undefined;
  const bits = thresholds.map(orderedBits);
  const left = 2 ** (room - shift);
  const steps: number[] = [];
  for (let key = 0; key < 2 ** (32 - shift); key++) {
    const from = key * 2 ** shift;
    // A threshold at the beginning of a bucket is passed by all of it.
    const own = bits.filter((threshold) => threshold > from && threshold < from + 2 ** shift);
    if (own.length > 1) return undefined;
    const passed = from >= QUIET_NAN ? 0 : bits.filter((threshold) => threshold <= from).length;
    const carry = own[0] === undefined ? 0 : (from + 2 ** shift - own[0]) * left;
    steps.push(wrap((passed - key) * 2 ** room + carry));
  }
  return { kind: "ordered", shift, width, steps };
}

const wrap = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Order as floats do. Both zeros pass a threshold of 0: its place is that of the negative one. */
function orderedBits(value: number): number {
  float[0] = value === 0 ? -0 : value;
  const bits = word[0] as number;
  return (bits ^ (-(bits >>> 31) | 0x80000000)) >>> 0;
}
