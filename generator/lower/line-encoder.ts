import { bitsOf, floatOf, nextDown } from "./float32.js";

const { fround } = Math;

/**
 * The leading bits of |n| choose one of a few lines, which gives a threshold that |n| lies beside: the one above it or the
 * one below. One comparison with that threshold decides. A line is proven by being right at each of its thresholds and at
 * the float below each, since between them it only rises.
 */
export interface LineEncoder {
  readonly kind: "lines";
  /** Bits of |n| below its key. */
  readonly shift: number;
  /** Keys are clamped to [low, high]. */
  readonly low: number;
  readonly high: number;
  /** u32: the line of each key. */
  readonly lines: readonly number[];
  /** float32: of each line. */
  readonly slopes: readonly number[];
  readonly offsets: readonly number[];
  /** What a line gives at most. */
  readonly top: number;
  /** The threshold is this far from what a line gives; of a negative n, this minus it: null where none is negative. */
  readonly positive: number;
  readonly negative: number | null;
}

const MAX_KEYS = 512;
const MAX_LINES = 64;
/** What rounding may change of a position, and much more. */
const MARGIN = 1 / 64;

/** Undefined where so many lines do not come close enough, or negative thresholds do not mirror the others. */
export function lineEncoder(thresholds: readonly number[]): LineEncoder | undefined {
  const positive = thresholds.filter((threshold) => threshold >= 0);
  const below = thresholds.length - positive.length;
  // Where none is negative, a negative n counts as 0, which then must lie below all of them.
  if (positive.length < 2 || (below === 0 && positive[0] === 0)) return undefined;
  for (let shift = 23; shift >= 16; shift--) {
    const keys = positive.filter((threshold) => threshold > 0).map((threshold) => keyOf(threshold, shift));
    const low = Math.max(Math.min(...keys) - 1, 0);
    const high = Math.max(...keys);
    if (high - low + 1 > MAX_KEYS) return undefined;
    const found = linesOf(positive, shift, low, high);
    if (found === undefined) continue;
    for (const negative of below === 0 ? [null] : [below - 1, below]) {
      const encoder = { kind: "lines", shift, low, high, ...found, positive: below, negative } as const;
      if (isRight(encoder, thresholds)) return encoder;
    }
  }
  return undefined;
}

/** The number of the threshold that n is compared with. */
function besideOf(encoder: LineEncoder, n: number): number {
  const { shift, low, high, lines, slopes, offsets, top, positive, negative } = encoder;
  const size = Math.abs(n);
  const line = lines[Math.min(Math.max(keyOf(size, shift), low), high) - low] as number;
  const position = fround(fround(size * (slopes[line] as number)) + (offsets[line] as number));
  const nearest = Math.trunc(Math.min(position, top));
  return n < 0 && negative !== null ? negative - Math.min(nearest, negative) : positive + nearest;
}

function isRight(encoder: LineEncoder, thresholds: readonly number[]): boolean {
  return thresholds.every((threshold, k) => {
    const [at, under] = [besideOf(encoder, threshold), besideOf(encoder, nextDown(threshold))];
    return at >= k && at <= k + 1 && at < thresholds.length && under >= Math.max(k - 1, 0) && under <= k;
  });
}

/** Lines over as many neighbouring keys as each can serve, of thresholds that are not negative. */
function linesOf(thresholds: readonly number[], shift: number, low: number, high: number) {
  const found: Line[] = [];
  const lines: number[] = [];
  let known: readonly Range[] = [];
  let passed = 0;
  for (let key = low; key <= high; key++) {
    const from = key === low ? 0 : floatOf(key * 2 ** shift);
    const to = key === high ? (thresholds.at(-1) as number) : floatOf((key + 1) * 2 ** shift - 1);
    const own = [rangeBetween(from, passed)];
    for (; passed < thresholds.length && (thresholds[passed] as number) <= to; passed++)
      own.push({ at: thresholds[passed] as number, least: passed, most: passed + 1 });
    own.push(rangeBetween(to, passed));
    const last = found.at(-1);
    const both = [...known, ...own];
    const longer = last !== undefined && isWithin(last, own) ? last : last && lineThrough(both);
    const line = longer ?? lineThrough(own);
    if (line === undefined) return undefined;
    if (longer === undefined) found.push(line);
    else found[found.length - 1] = line;
    if (found.length > MAX_LINES) return undefined;
    known = longer === undefined ? own : both;
    lines.push(found.length - 1);
  }
  return {
    lines,
    slopes: found.map(({ slope }) => slope),
    offsets: found.map(({ offset }) => offset),
    top: thresholds.length - 1,
  };
}

/** Beside the last of those that are passed, or the next. */
function rangeBetween(at: number, passed: number): Range {
  return { at, least: Math.max(passed - 1, 0), most: passed + 1 };
}

/** What a line may come to at a place: from `least` to below `most`. */
interface Range {
  readonly at: number;
  readonly least: number;
  readonly most: number;
}

interface Line {
  readonly slope: number;
  readonly offset: number;
}

function isWithin({ slope, offset }: Line, ranges: readonly Range[]): boolean {
  return ranges.every(({ at, least, most }) => {
    const position = slope * at + offset;
    return position >= least + MARGIN && position < most - MARGIN;
  });
}

/** A rising line that keeps as far as it can from the ends of its ranges. */
function lineThrough(ranges: readonly Range[]): Line | undefined {
  const [first, last] = [ranges[0] as Range, ranges.at(-1) as Range];
  const offsetsFor = (slope: number): { least: number; most: number } => ({
    least: Math.max(...ranges.map(({ at, least }) => least - slope * at)),
    most: Math.min(...ranges.map(({ at, most }) => most - slope * at)),
  });
  const room = (slope: number): number => {
    const { least, most } = offsetsFor(slope);
    return most - least;
  };
  // The room is concave in the slope.
  let [from, to] = [0, (last.most - first.least) / (last.at - first.at || 1)];
  for (let round = 0; round < 60; round++) {
    const [a, b] = [from + (to - from) / 3, to - (to - from) / 3];
    if (room(a) < room(b)) from = a;
    else to = b;
  }
  const slope = fround((from + to) / 2);
  const { least, most } = offsetsFor(slope);
  return most - least > 2 * MARGIN ? { slope, offset: fround((least + most) / 2) } : undefined;
}

const keyOf = (value: number, shift: number): number => bitsOf(value) >>> shift;
