import { bitsOf, floatOf, nextDown } from "./float32.js";
import { type LineEncoder, lineEncoder } from "./line-encoder.js";
import { type OrderedEncoder, orderedEncoder } from "./ordered-encoder.js";
import { type StepEncoder, stepEncoder } from "./step-encoder.js";

const { fround } = Math;

/**
 * How codes are found. Each gives, for every float32, the number of thresholds <= n (0 for NaN):
 * - uniform: floor(n * scale + offset), clamped. It is monotone, so being right at each threshold and at the float
 *   below it proves it right everywhere.
 * - bucket: the leading bits of |n| and the sign choose a bucket that holds at most one threshold; one comparison
 *   decides. It is right by construction.
 * - lines: see line-encoder.ts. For targets to which tables of so many entries as the buckets of a crowded table are dear.
 * - ordered, steps: see ordered-encoder.ts and step-encoder.ts. For targets to which operations are dearer than the memory of a
 *   table.
 * - halving: three thresholds by two comparisons, of which the second one is with a constant too. For such targets.
 * - bisect: one comparison a bit.
 */
export type EncoderPlan =
  | UniformEncoder
  | BucketEncoder
  | LineEncoder
  | OrderedEncoder
  | StepEncoder
  | HalvingEncoder
  | { readonly kind: "bisect" };

export interface HalvingEncoder {
  readonly kind: "halving";
  readonly lower: number;
  readonly middle: number;
  readonly upper: number;
}

export interface UniformEncoder {
  readonly kind: "uniform";
  readonly scale: number;
  readonly offset: number;
  /** Whether n is clamped to [0, 1] beforehand, so that what comes of it needs no clamping. */
  readonly isWithin: boolean;
}

export interface BucketEncoder {
  readonly kind: "bucket";
  /** Bits of |n| below the bucket's number. */
  readonly shift: number;
  /** Bucket numbers are clamped to [low, high]. */
  readonly low: number;
  readonly high: number;
  /** Whether negative n have buckets of their own, after the others; else they count as 0. */
  readonly signed: boolean;
  /** u32: how many thresholds are <= every n of the bucket, the last not counted. */
  readonly bases: readonly number[];
}

/** Room for one table in a workgroup's memory. */
const MAX_BUCKETS = 4096;

/** What has been found, by thresholds: many specs have the same mappings. */
const chosen = new Map<string, EncoderPlan>();
const known = new Map<string, LineEncoder | undefined>();
const stepped = new Map<string, EncoderPlan>();

export function chooseEncoder(thresholds: readonly number[]): EncoderPlan {
  const key = thresholds.join();
  const encoder = chosen.get(key) ?? uniform(thresholds) ?? bucket(thresholds) ?? { kind: "bisect" };
  chosen.set(key, encoder);
  return encoder;
}

/** The same codes by smaller tables, where there are encoders of tables of at most so many entries. */
export function encoderWithin(
  entries: number,
  encoder: EncoderPlan,
  thresholds: readonly number[],
): EncoderPlan {
  if (encoder.kind !== "bucket" || encoder.bases.length <= entries) return encoder;
  return linesFor(thresholds) ?? encoder;
}

/** The same codes by fewer operations, where each is the level nearest to n. */
export function steppedEncoder(encoder: EncoderPlan, thresholds: readonly number[]): EncoderPlan {
  const key = thresholds.join();
  const found = stepped.get(key) ?? fewerOperations(encoder, thresholds);
  stepped.set(key, found);
  return found;
}

function fewerOperations(encoder: EncoderPlan, thresholds: readonly number[]): EncoderPlan {
  const [lower, middle, upper] = thresholds;
  if (encoder.kind === "bucket" && thresholds.length === 3)
    return { kind: "halving", lower: lower as number, middle: middle as number, upper: upper as number };
  if (encoder.kind === "bucket")
    return orderedEncoder(encoder, thresholds) ?? stepEncoder(encoder, thresholds) ?? encoder;
  if (encoder.kind !== "uniform") return encoder;
  const { scale, offset } = encoder;
  const isPositive = thresholds.every((threshold) => threshold > 0 && threshold <= 1);
  // What is truncated is above -1 and below the number of codes.
  const fits = offset > -1 && fround(fround(scale) + offset) < thresholds.length + 1;
  return { ...encoder, isWithin: isPositive && fits };
}

function linesFor(thresholds: readonly number[]): LineEncoder | undefined {
  const key = thresholds.join();
  if (!known.has(key)) known.set(key, lineEncoder(thresholds));
  return known.get(key);
}

function uniform(thresholds: readonly number[]): UniformEncoder | undefined {
  const [first, last] = [thresholds[0] as number, thresholds.at(-1) as number];
  if (thresholds.length < 2) return undefined;
  const exact = (thresholds.length - 1) / (last - first);
  const scale = fround(
    Math.abs(exact - Math.round(exact * 2) / 2) < 1e-3 ? Math.round(exact * 2) / 2 : exact,
  );
  const offset = fround(Math.round((1 - first * scale) * 4) / 4);
  const code = (n: number): number => {
    const position = fround(fround(n * scale) + offset);
    return Math.floor(Math.min(Math.max(position, 0), thresholds.length));
  };
  const right = thresholds.every(
    (threshold, k) => code(threshold) === k + 1 && code(nextDown(threshold)) === k,
  );
  return right ? { kind: "uniform", scale, offset, isWithin: false } : undefined;
}

function bucket(thresholds: readonly number[]): BucketEncoder | undefined {
  // One threshold is one comparison, and 0 lies in no bucket of its own.
  if (thresholds.length < 2) return undefined;
  for (let shift = 23; shift >= 8; shift--) {
    const range = rangeOf(thresholds, shift);
    // Narrower ones are more.
    if ((range.high - range.low + 1) * (range.signed ? 2 : 1) > MAX_BUCKETS) return undefined;
    const bases = basesOf(thresholds, shift, range);
    if (bases !== undefined) return { kind: "bucket", shift, ...range, bases };
  }
  return undefined;
}

function rangeOf(thresholds: readonly number[], shift: number) {
  const keys = thresholds.filter((threshold) => threshold !== 0).map((threshold) => keyOf(threshold, shift));
  return {
    low: Math.max(Math.min(...keys) - 1, 0),
    high: Math.max(...keys) + 1,
    signed: (thresholds[0] as number) <= 0,
  };
}

/** Of the buckets of one width, if none holds two thresholds. */
function basesOf(
  thresholds: readonly number[],
  shift: number,
  { low, high, signed }: ReturnType<typeof rangeOf>,
): number[] | undefined {
  const bases: number[] = [];
  for (const negative of signed ? [false, true] : [false]) {
    for (let key = low; key <= high; key++) {
      const least = key === low ? 0 : floatOf(key * 2 ** shift);
      const most = key === high ? Number.POSITIVE_INFINITY : floatOf((key + 1) * 2 ** shift - 1);
      const [from, to] = negative ? [-most, -least] : [least, most];
      const base = count(thresholds, from);
      if (count(thresholds, to) - base > 1) return undefined;
      // So that there is a threshold to compare with: above the last one, the comparison counts it.
      bases.push(Math.min(base, thresholds.length - 1));
    }
  }
  return bases;
}

/** How many of the ascending thresholds are <= n. */
function count(thresholds: readonly number[], n: number): number {
  let [from, to] = [0, thresholds.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((thresholds[middle] as number) <= n) from = middle + 1;
    else to = middle;
  }
  return from;
}

const keyOf = (value: number, shift: number): number => bitsOf(Math.abs(value)) >>> shift;
