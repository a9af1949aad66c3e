/** What the codecs are held to, in exact arithmetic and by trying every level: slow, and hard to get wrong. */

const { fround } = Math;

/** A finite float32 as a multiple of the smallest one. */
export function exactly(value: number): bigint {
  return BigInt(value * 2 ** 149);
}

/** The greatest finite |x|; 0 below the smallest normal float32. */
export function scaleOf(run: Float32Array): number {
  let scale = 0;
  for (const x of run) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  return scale < 2 ** -126 ? 0 : scale;
}

/** x * (1 / s): the reciprocal rounded once, then the product. */
export function normalize(x: number, scale: number): number {
  return fround(x * (scale === 0 ? 0 : fround(1 / scale)));
}

/** A mapping of fewer levels than codes repeats its last. */
export function differentLevels(levels: readonly number[]): number[] {
  return levels.slice(0, levels.indexOf(levels.at(-1) as number) + 1);
}

/** Levels of a table to look things up in. */
export class ExactTable {
  readonly levels: readonly number[];
  readonly #exact: readonly bigint[];

  constructor(levels: readonly number[]) {
    this.levels = levels;
    this.#exact = levels.map(exactly);
  }

  /** Of the nearest level: the upper one of two that are as near; the first for NaN. Several where it cannot be told. */
  nearest(n: number): readonly number[] {
    if (Number.isNaN(n) || n === -Infinity) return [0];
    if (n === Infinity) return [this.levels.length - 1];
    const target = exactly(n);
    let [best, distance] = [0, size((this.#exact[0] as bigint) - target)];
    for (const [index, level] of this.#exact.entries()) {
      const found = size(level - target);
      if (found <= distance) [best, distance] = [index, found];
    }
    return [best];
  }

  /** Of the greatest level <= n, and 0 below all of them. */
  below(n: number): number {
    return Math.max(0, this.levels.filter((level) => level <= n).length - 1);
  }

  /** Whether n is as near to one level as to another. */
  isMiddle(n: number): boolean {
    return this.#exact.some((level, index) => {
      const next = this.#exact[index + 1];
      return next !== undefined && Number.isFinite(n) && level + next === 2n * exactly(n);
    });
  }

  /** Whether a level and its neighbours have their mirror images as such. */
  isMirrored(index: number): boolean {
    const mirror = this.levels.indexOf(-(this.levels[index] as number));
    if (mirror < 0) return false;
    return [-1, 1].every((side) => {
      const [beside, opposite] = [this.levels[index + side], this.levels[mirror - side]];
      return beside === undefined ? opposite === undefined : opposite === -beside;
    });
  }
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}
