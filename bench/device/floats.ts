/** Floats as kernels are to encode them: in blocks, of which some floats are the same in all of them. */

import { bitsOf } from "../../generator/lower/float32.js";

/** Elements of a block. */
export const BLOCK = 128;

/** Bits of the first and the last of some floats whose magnitudes rise. */
export type Range = readonly [first: number, last: number];

const SIGN = 0x8000_0000;
const ONE = 0x3f80_0000;
const INFINITE = 0x7f80_0000;
const LEAST_NORMAL = 0x0080_0000;
/** What is added to the bits of a normal float to double it. */
const EXPONENT = 0x0080_0000;

/** Magnitudes from 0 to 1: what is divided by the greatest of its block. */
export const upToOne: Range = [0, ONE];

/** The same with either sign, and what is infinite or no number. */
export const ranges: readonly Range[] = [
  upToOne,
  [INFINITE, SIGN - 1],
  negative(upToOne),
  negative([INFINITE, SIGN - 1]),
];

/** Magnitudes from a float's on of which twice as much is finite, with either sign. */
export function above(float: number): readonly Range[] {
  const range: Range = [bitsOf(float), INFINITE - EXPONENT - 1];
  return [range, negative(range)];
}

function negative([first, last]: Range): Range {
  return [SIGN + first, SIGN + last];
}

/** Blocks as gradients: bits of twice their floats, half of which is exact, whatever they are. */
export class Layout {
  /** Bits of twice what all blocks have, at its places. */
  readonly #common: ReadonlyMap<number, number>;
  /** Of the floats that a block has for itself. */
  readonly #places: readonly number[];

  /**
   * @param common floats that every block has, of which its scale is made
   * @param distance from each of them to the next, in elements
   */
  constructor(common: readonly number[], distance = 1) {
    this.#common = new Map(common.map((float, i) => [i * distance, doubled(bitsOf(float))]));
    this.#places = Array.from({ length: BLOCK }, (_, i) => i).filter((i) => !this.#common.has(i));
  }

  /** Floats that a block has for itself. */
  get own(): number {
    return this.#places.length;
  }

  /** Floats of neighbouring bits, from the first of each block on. */
  neighbours(firsts: readonly number[], target = new Uint32Array(firsts.length * BLOCK)) {
    for (const [i, first] of firsts.entries()) this.#fill(target, i * BLOCK, first, 1);
    return target.subarray(0, firsts.length * BLOCK);
  }

  /** One float a block, again and again. */
  repeated(floats: readonly number[]) {
    const target = new Uint32Array(floats.length * BLOCK);
    for (const [i, bits] of floats.entries()) this.#fill(target, i * BLOCK, bits, 0);
    return target;
  }

  #fill(target: Uint32Array, start: number, first: number, step: 0 | 1): void {
    for (const [place, bits] of this.#common) target[start + place] = bits;
    const places = this.#places;
    const size = first % SIGN;
    const isNormal = size >= LEAST_NORMAL && size + step * places.length < INFINITE;
    for (let j = 0; j < places.length; j++) {
      const bits = first + step * j;
      target[start + places[j]!] = isNormal ? bits + EXPONENT : doubled(bits);
    }
  }
}

function doubled(bits: number): number {
  const exponent = bits & INFINITE;
  if (exponent === INFINITE) return bits;
  return exponent === 0 ? (bits & SIGN) | (bits << 1) : bits + EXPONENT;
}

/** Blocks of the floats of a range, the last of which repeats some; or some of these from everywhere in it. */
export class Blocks {
  readonly range: Range;
  readonly layout: Layout;
  readonly count: number;
  readonly #all: number;

  /** @param elements that they may take, of which they take those of two blocks at least */
  constructor(range: Range, layout: Layout, elements: number) {
    this.range = range;
    this.layout = layout;
    this.#all = Math.ceil((range[1] - range[0] + 1) / layout.own);
    this.count = Math.min(this.#all, Math.max(2, Math.floor(elements / BLOCK)));
  }

  /** Floats that lie in one of them. */
  get floats(): number {
    const isAll = this.count === this.#all;
    return isAll ? this.range[1] - this.range[0] + 1 : this.count * this.layout.own;
  }

  /** Bits of a block's first float of its own. */
  first(block: number): number {
    const { own } = this.layout;
    const isAll = this.count === this.#all;
    const place = isAll ? block : Math.floor((block * (this.#all - 1)) / (this.count - 1));
    return Math.min(this.range[0] + place * own, this.range[1] - own + 1);
  }

  last(block: number): number {
    return this.first(block) + this.layout.own - 1;
  }

  /** Of so many blocks at most, and of two at least, so that few blocks, too, show what follows the first. */
  *slices(most: number): Generator<Slice> {
    const each = Math.min(Math.ceil(this.count / 2), most);
    for (let from = 0; from < this.count; from += each) {
      const count = Math.min(each, this.count - from);
      yield { from, firsts: Array.from({ length: count }, (_, i) => this.first(from + i)) };
    }
  }
}

/** Some blocks, one after the other. */
export interface Slice {
  readonly from: number;
  /** Bits of each one's first float of its own. */
  readonly firsts: readonly number[];
}
