import type { Segments } from "../ir/types.js";
import { bitsOf, floatOf } from "./float32.js";

const { fround } = Math;

/** Cells of |n| * factor + LEAST by its first 10 bits, of which the last 6 tell all of them apart. */
const SHIFT = 22;
const CELLS = 64;
const LEAST = 2 ** -30;
const MAX_SEGMENTS = 16;
/** 1 and what rounding may add to it. */
const GREATEST = 1 + 2 ** -20;
/** Of a cell that has one line: more than any |n|. */
const NOWHERE = 2;
/** What rounding changes of a position below 256, with one operation or two. */
const ROUNDING = 2 ** -16;
/** How far from a whole number a position tells its code. */
const DOUBTS = [15, 14, 13, 12, 11].map((bits) => 2 ** -bits);
/** What a byte holds of codes beside that of 0, on either side; of codes that are not negative. */
const MOST = { positive: 128, negative: 127, unsigned: 255 } as const;

/**
 * Lines through the thresholds themselves: the code is the floor of a position, unless this is next to a whole number. Of n
 * from -1 to 1; thresholds below 0 mirror the others but for rounding.
 *
 * @param thresholds ascending, of codes of 8 bits
 * @returns undefined where they lie on more lines than there is room for
 */
export function segmentEncoder(thresholds: readonly number[]): Segments | undefined {
  const positive = thresholds.filter((threshold) => threshold > 0);
  const negative = thresholds.flatMap((threshold) => (threshold < 0 ? [-threshold] : [])).reverse();
  const isSigned = negative.length > 0;
  const most = isSigned ? MOST.positive : MOST.unsigned;
  if (positive.length + negative.length !== thresholds.length || positive.length < 2) return undefined;
  if (positive.length > most || negative.length > MOST.negative) return undefined;
  const lines = linesThrough(positive);
  if (lines === undefined) return undefined;
  for (let part = 128; part > 64; part--) {
    const factor = part / 128;
    const found = cellsOf(lines, factor);
    if (found === undefined) continue;
    for (const doubt of DOUBTS) {
      const segments = { factor, doubt, isSigned, zero: negative.length, ...found };
      if (!isRight(segments, positive, most)) continue;
      if (!isSigned || isRight(segments, negative, MOST.negative)) return segments;
    }
  }
  return undefined;
}

interface Line {
  readonly slope: number;
  readonly offset: number;
  /** Thresholds that it goes through, and their numbers. */
  readonly first: number;
  readonly last: number;
  readonly from: number;
  readonly to: number;
}

/** As few as go through all of them, one after the other. */
function linesThrough(thresholds: readonly number[]): Line[] | undefined {
  const lines: Line[] = [];
  for (let from = 0; from < thresholds.length; ) {
    let line = lineFrom(thresholds, from, Math.min(from + 1, thresholds.length - 1));
    for (let to = from + 2; line !== undefined && to < thresholds.length; to++) {
      const longer = lineFrom(thresholds, from, to);
      if (longer === undefined) break;
      line = longer;
    }
    const last = line ?? lineFrom(thresholds, from, from);
    if (last === undefined || lines.length === MAX_SEGMENTS) return undefined;
    lines.push(last);
    from = last.to + 1;
  }
  return lines;
}

/** Undefined where one of them lies off it. */
function lineFrom(thresholds: readonly number[], from: number, to: number): Line | undefined {
  const [first, last] = [thresholds[from] as number, thresholds[to] as number];
  // Of one alone any that passes no other whole number near it.
  const gap = Math.max(first - (thresholds[from - 1] ?? 0), (thresholds[from + 1] ?? 0) - first);
  const slope = fround(to > from ? (to - from) / (last - first) : 0.75 / gap);
  const rests = thresholds
    .slice(from, to + 1)
    .map((threshold, index) => from + index + 1 - slope * threshold);
  const [least, most] = [Math.min(...rests), Math.max(...rests)];
  if (most - least > (DOUBTS.at(-1) as number)) return undefined;
  return { slope, offset: fround((least + most) / 2), first, last, from, to };
}

type Cells = Pick<Segments, "cells" | "splits" | "slopes" | "offsets">;

/** The line at the beginning of each cell, and where the next one follows within it; undefined where more than that do. */
function cellsOf(lines: readonly Line[], factor: number): Cells | undefined {
  const keyAt = (n: number): number => keyOf(n * factor + LEAST);
  const splits = lines.slice(1).map((after, index) => {
    const before = lines[index] as Line;
    // Between the last threshold of the one and the first of the other, and where neither comes to another whole number.
    const low = Math.max(before.last, (after.from - after.offset) / after.slope);
    const high = Math.min(after.first, (before.to + 2 - before.offset) / before.slope);
    const key = keyAt(0.9 * low + 0.1 * high) + 1;
    const edge = (firstOf(key) - LEAST) / factor;
    const isEdge = edge < 0.1 * low + 0.9 * high;
    const within = fround((low + high) / 2);
    return isEdge ? { at: NOWHERE, key } : { at: within, key: keyAt(within) + 1 };
  });
  const inner = splits.flatMap(({ at, key }) => (at === NOWHERE ? [] : [key]));
  if (new Set(inner).size < inner.length) return undefined;
  const cells = new Array<number>(CELLS).fill(0);
  for (let key = keyOf(LEAST); key <= keyAt(GREATEST); key++)
    cells[key % CELLS] = splits.filter((split) => split.key <= key).length;
  return {
    cells,
    splits: [...splits.map(({ at }) => at), NOWHERE],
    slopes: lines.map(({ slope }) => slope),
    offsets: lines.map(({ offset }) => offset),
  };
}

/** Between two thresholds a line only rises: it is right wherever it is at them, and where it begins and ends. */
function isRight(segments: Segments, thresholds: readonly number[], most: number): boolean {
  const { factor, cells, splits } = segments;
  for (let key = keyOf(LEAST); key <= keyOf(factor * GREATEST + LEAST); key++) {
    // Keys are of rounded numbers.
    const from = Math.max((firstOf(key) * (1 - 2 ** -22) - LEAST) / factor, 0);
    const to = Math.min((firstOf(key + 1) * (1 + 2 ** -22) - LEAST) / factor, GREATEST);
    const line = cells[key % CELLS] as number;
    const split = Math.min(Math.max(splits[line] as number, from), to);
    if (split > from && !isRightOn(segments, line, from, split, thresholds, most)) return false;
    if (split < to && !isRightOn(segments, line + 1, split, to, thresholds, most)) return false;
  }
  return true;
}

function isRightOn(
  { slopes, offsets, doubt }: Segments,
  line: number,
  from: number,
  to: number,
  thresholds: readonly number[],
  most: number,
): boolean {
  const [slope, offset] = [slopes[line], offsets[line]];
  if (slope === undefined || offset === undefined) return false;
  const margin = doubt - ROUNDING;
  const before = thresholds.filter((threshold) => threshold <= from).length;
  const passed = thresholds.filter((threshold) => threshold < to).length;
  if (from * slope + offset < before - margin) return false;
  if (passed < most && to * slope + offset > passed + 1 + margin) return false;
  return thresholds
    .slice(before, passed)
    .every((threshold, index) => Math.abs(threshold * slope + offset - (before + index + 1)) <= margin);
}

const keyOf = (value: number): number => bitsOf(value) >>> SHIFT;
/** Where the numbers of a key begin. */
const firstOf = (key: number): number => floatOf(key * 2 ** SHIFT);
