import { roundedUp } from "./float32.js";

/** |n| has the code floor(|n| * slope + offset - base) from `from` on and up to `to`. */
export interface SegmentLine {
  readonly slope: number;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
}

/** Thresholds of one sign, ascending: the k-th, counted from 1, is where the code, or how far it is from that of 0, becomes k. */
export type Side = readonly number[];

/**
 * Lines through all thresholds next to each other that lie on one, on both sides, and where each is right. Each threshold but
 * the first lies on some with the one before it, so that lines overlap.
 *
 * @param most how far above k a line may be at threshold k; below it is nowhere
 */
export function linesThrough(sides: readonly Side[], base: number, most: number): SegmentLine[] {
  const [side = []] = sides;
  const lines: SegmentLine[] = [];
  let reached = 0;
  for (let first = 1; first < side.length && reached < side.length; first++) {
    let line: SegmentLine | undefined;
    for (let last = Math.max(first, reached) + 1; last <= side.length; last++) {
      const longer = lineOf(sides, first, last, base, most);
      if (longer === undefined) break;
      line = longer;
      reached = last;
    }
    if (line !== undefined) lines.push(line);
  }
  return lines;
}

/** Through the thresholds `first` to `last`; undefined where one of them lies off it. */
function lineOf(
  sides: readonly Side[],
  first: number,
  last: number,
  base: number,
  most: number,
): SegmentLine | undefined {
  const [side = []] = sides;
  const slope = Math.fround((last - first) / ((side[last - 1] as number) - (side[first - 1] as number)));
  const rests = sides.flatMap((one) =>
    one.slice(first - 1, last).map((threshold, index) => first + index - slope * threshold),
  );
  const offset = roundedUp(base + Math.max(...rests));
  if (offset - base - Math.min(...rests) > most) return undefined;
  const at = (position: number): number => (position - (offset - base)) / slope;
  // Below its first threshold and above its last one as far as there the floor is right, which is one code.
  const from = Math.max(at(first - 1), ...sides.map((one) => (first > 1 ? (one[first - 2] ?? 0) : 0)));
  const to = Math.min(
    ...sides.map((one) => (last < one.length ? Math.min(one[last] as number, at(last + 1)) : 2)),
  );
  return { slope, offset, from, to };
}
