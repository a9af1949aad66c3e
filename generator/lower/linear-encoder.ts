/**
 * Buckets of equal width from -1 to 1, each with the number of thresholds below it and the one that may lie in it, so that one
 * comparison decides. Whatever is rounded on the way to a bucket's number is monotone: a threshold of another bucket lies on
 * the same side of all of this one. What lies outside takes the first bucket or the last, and NaN the first, whose threshold it
 * does not pass.
 */
export interface LinearEncoder {
  readonly kind: "linear";
  /** Buckets but one. */
  readonly last: number;
  /** f32, of each bucket two: the number, and the threshold. */
  readonly buckets: readonly number[];
}

/** Buckets but one at most: few threads that ask at a time then have to wait for each other. */
const MOST = 512;
/** Codes that are sums of floats (render/summed.ts) are of so many bits. */
const WIDTHS = [2, 4];

const { fround } = Math;

/** Undefined where unsigned n would need half of them, or where there would have to be more. */
export function linearEncoder(thresholds: readonly number[]): LinearEncoder | undefined {
  const width = Math.ceil(Math.log2(thresholds.length + 1));
  const [first, greatest] = [thresholds[0] as number, thresholds.at(-1) as number];
  if (!WIDTHS.includes(width) || first > 0 || first < -1 || greatest > 1) return undefined;
  for (let last = 8; last <= MOST; last *= 2) {
    const places = thresholds.map((threshold) => bucketOf(threshold, last));
    // What lies outside shares the first or the last one: no threshold parts it.
    if (new Set(places).size < places.length || places[0] === 0 || places.at(-1) === last) continue;
    const buckets = Array.from({ length: last + 1 }, (_, bucket) => {
      const below = places.filter((place) => place < bucket).length;
      const own = places.indexOf(bucket);
      if (own >= 0) return [below, thresholds[own] as number];
      return below > 0 ? [below - 1, -GREATEST] : [0, GREATEST];
    });
    return { kind: "linear", last, buckets: buckets.flat() };
  }
  return undefined;
}

/** Passed by none, or when negative by all, of what takes a bucket without a threshold. */
const GREATEST = fround(3.4028234663852886e38);

/** As build/count-linear.ts has it. */
function bucketOf(n: number, last: number): number {
  const within = Math.min(Math.max(fround(fround(n * 0.5) + 0.5), 0), 1);
  return roundEven(within * last);
}

function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest === 0.5 ? below + (below % 2) : Math.round(x);
}
