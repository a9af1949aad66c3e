/** All float32s that a number divided by the greatest of its block can be, in blocks that begin with a 1. */

/** Elements of a block, its 1 included. */
export const BLOCK = 128;
/** Those behind it. */
export const OWN = BLOCK - 1;

/** Bits of the first and the last of some floats whose magnitudes rise. */
export type Range = readonly [first: number, last: number];

/** Magnitudes up to 1, and those that are infinite or no number, with either sign. */
export const ranges: readonly Range[] = [0, 0x8000_0000].flatMap((sign): Range[] => [
  [sign, sign + 0x3f80_0000],
  [sign + 0x7f80_0000, sign + 0x7fff_ffff],
]);

/** Blocks of the floats of a range, the last of which repeats some; or some of these from everywhere in it. */
export class Blocks {
  readonly range: Range;
  readonly count: number;
  readonly #all: number;

  /** @param elements that they may take, of which they take those of two blocks at least */
  constructor(range: Range, elements: number) {
    this.range = range;
    this.#all = Math.ceil((range[1] - range[0] + 1) / OWN);
    this.count = Math.min(this.#all, Math.max(2, Math.floor(elements / BLOCK)));
  }

  /** Floats that lie in one of them. */
  get floats(): number {
    return this.count === this.#all ? this.range[1] - this.range[0] + 1 : this.count * OWN;
  }

  /** Bits of a block's first float behind its 1. */
  first(block: number): number {
    const isAll = this.count === this.#all;
    const place = isAll ? block : Math.floor((block * (this.#all - 1)) / (this.count - 1));
    return Math.min(this.range[0] + place * OWN, this.range[1] - OWN + 1);
  }

  last(block: number): number {
    return this.first(block) + OWN - 1;
  }
}

/** Bits of twice the floats of neighbouring bits, in blocks: half of these is exact, whatever they are. */
export function doubledBlocks(
  firsts: readonly number[],
  target = new Uint32Array(firsts.length * BLOCK),
): Uint32Array {
  for (const [i, first] of firsts.entries()) fill(target, i * BLOCK, first, 1);
  return target;
}

/** The same of one float a block, again and again. */
export function doubledRepeated(floats: readonly number[]): Uint32Array {
  const target = new Uint32Array(floats.length * BLOCK);
  for (const [i, bits] of floats.entries()) fill(target, i * BLOCK, bits, 0);
  return target;
}

function fill(target: Uint32Array, start: number, first: number, step: 0 | 1): void {
  target[start] = doubled(0x3f80_0000);
  for (let j = 0; j < OWN; j++) target[start + 1 + j] = doubled(first + step * j);
}

function doubled(bits: number): number {
  const exponent = bits & 0x7f80_0000;
  if (exponent === 0x7f80_0000) return bits;
  return exponent === 0 ? (bits & 0x8000_0000) | (bits << 1) : bits + 0x0080_0000;
}
