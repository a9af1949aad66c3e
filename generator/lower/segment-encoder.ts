import type { Segments } from "../ir/types.js";
import { bitsOf, floatOf } from "./float32.js";
import { linesThrough, type SegmentLine, type Side } from "./segment-lines.js";

/** Cells of |n| * factor + LEAST: 8 to an octave, of which the last 8 bits of their number tell those of 32 octaves apart. */
const SHIFT = 20;
const CELLS = 256;
const LEAST = 2 ** -30;
const MAX_LINES = 16;
/** 1 and what rounding may add to it. */
const GREATEST = 1 + 2 ** -20;
/** Factors from 1/2 to 1, and parts of a cell that all of them are moved by. */
const FACTORS = 512;
const BIASES = 128;
/** How far above a whole number a position leaves its code open, in 2^-16. */
const DOUBTS = [4, 8, 16, 32];
/** What a byte holds of codes beside that of 0, on either side; of codes that are not negative. */
const MOST = { positive: 128, negative: 127, unsigned: 255 } as const;

/**
 * Lines through the thresholds: the code is the whole part of a position with 16 bits, or 15, after the point, unless it is next
 * to a whole number. Of n from -1 to 1; thresholds below 0 mirror the others but for rounding.
 *
 * @param thresholds ascending, of codes of up to 8 bits
 * @returns undefined where they lie on more lines than there is room for
 */
export function segmentEncoder(thresholds: readonly number[]): Segments | undefined {
  const positive = thresholds.filter((threshold) => threshold > 0);
  const negative = thresholds.flatMap((threshold) => (threshold < 0 ? [-threshold] : [])).reverse();
  const isSigned = negative.length > 0;
  if (positive.length + negative.length !== thresholds.length || positive.length < 2) return undefined;
  if (positive.length > (isSigned ? MOST.positive : MOST.unsigned) || negative.length > MOST.negative)
    return undefined;
  const sides = isSigned ? [positive, negative] : [positive];
  // Floats of these binades have 16 bits after the point, or 15.
  const base = isSigned ? 128 : 256;
  for (const doubt of DOUBTS) {
    const lines = linesThrough(sides, base, doubt * 2 ** -16 - base * 2 ** -24);
    if (!areEnough(lines)) continue;
    for (let part = 0; part < FACTORS * BIASES; part++) {
      const factor = Math.fround(2 ** (-(part % FACTORS) / FACTORS));
      const bias = Math.floor(part / FACTORS) * (2 ** SHIFT / BIASES);
      const found = cellsOf(lines, factor, bias);
      if (found === undefined) continue;
      const segments = { factor, bias, doubt, isSigned, zero: negative.length, ...found };
      // Of the negative ones bytes below 0 become 0.
      const tops = [positive.length + 1 - 2 ** -15, MOST.positive + 1];
      if (sides.every((side, index) => isRight(segments, side, base, tops[index] as number))) return segments;
    }
  }
  return undefined;
}

/** Whether so many lines as there is room for could do, wherever cells begin. */
function areEnough(lines: readonly SegmentLine[]): boolean {
  let reached = 0;
  for (let used = 0; used < MAX_LINES && reached <= GREATEST; used++)
    reached = lines.findLast(({ from }) => from <= reached)?.to ?? 0;
  return reached > GREATEST;
}

/** A line for each cell, as few as that takes; undefined where a cell has none that is right all through it. */
function cellsOf(
  lines: readonly SegmentLine[],
  factor: number,
  bias: number,
): Pick<Segments, "cells" | "slopes" | "offsets"> | undefined {
  const numberOf = (n: number): number => (bitsOf(n * factor + LEAST) + bias) / 2 ** SHIFT;
  const end = numberOf(GREATEST);
  const used: { readonly line: SegmentLine; readonly to: number }[] = [];
  const begin = Math.floor(numberOf(0));
  let place = -1;
  for (let from = begin; from <= end; ) {
    const isWithin = (line: SegmentLine | undefined): boolean =>
      line !== undefined && (line.from <= 0 || numberOf(line.from) < from);
    while (isWithin(lines[place + 1])) place++;
    const line = lines[place];
    if (line === undefined || used.length === MAX_LINES) return undefined;
    const to = line.to > GREATEST ? Math.floor(end) + 1 : Math.floor(numberOf(line.to));
    if (to <= from || to - begin > CELLS) return undefined;
    used.push({ line, to });
    from = to;
  }
  const cells = new Array<number>(CELLS).fill(0);
  for (let cell = begin; cell <= end; cell++) cells[cell % CELLS] = used.findIndex(({ to }) => cell < to);
  return {
    cells,
    slopes: used.map(({ line }) => line.slope),
    offsets: used.map(({ line }) => line.offset),
  };
}

/** Between two thresholds a line only rises: it is right wherever it is at them, and where it begins and ends. */
function isRight(segments: Segments, thresholds: Side, base: number, top: number): boolean {
  const { factor, bias, cells } = segments;
  const numberOf = (scaled: number): number => Math.floor((bitsOf(scaled) + bias) / 2 ** SHIFT);
  const firstOf = (cell: number): number => floatOf(cell * 2 ** SHIFT - bias);
  for (let cell = numberOf(LEAST); cell <= numberOf(factor * GREATEST + LEAST); cell++) {
    // Cells are of rounded numbers.
    const from = Math.max((firstOf(cell) * (1 - 2 ** -22) - LEAST) / factor, 0);
    const to = Math.min((firstOf(cell + 1) * (1 + 2 ** -22) - LEAST) / factor, GREATEST);
    if (!isRightOn(segments, cells[cell % CELLS] as number, from, to, thresholds, base, top)) return false;
  }
  return true;
}

function isRightOn(
  { slopes, offsets, doubt }: Segments,
  line: number,
  from: number,
  to: number,
  thresholds: Side,
  base: number,
  top: number,
): boolean {
  const [slope, offset] = [slopes[line], offsets[line]];
  if (slope === undefined || offset === undefined) return false;
  /** Without rounding: a position is no further from it than half its last bit. */
  const at = (n: number): number => n * slope + (offset - base);
  const above = doubt * 2 ** -16 - base * 2 ** -24;
  const before = thresholds.filter((threshold) => threshold <= from).length;
  const passed = thresholds.filter((threshold) => threshold < to).length;
  if (at(from) < before) return false;
  if (at(to) >= (passed < thresholds.length ? passed + 1 + above : top)) return false;
  return thresholds.slice(before, passed).every((threshold, index) => {
    const rest = at(threshold) - (before + index + 1);
    return rest >= 0 && rest < above;
  });
}
