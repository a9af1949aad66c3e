/** Where codes change in a range of floats, of an encoder whose codes are each those of neighbouring floats. */
import type { Blocks, Layout, Range, Slice } from "./floats.js";

/** Codes of blocks, one after the other, as they are stored. */
export type Encode = (doubled: Uint32Array) => Promise<Buffer>;

export class Steps {
  /** Bits of the first float of each piece, in order. */
  readonly #firsts: readonly number[];
  /** Of each, a block that repeats that float. */
  readonly #codes: readonly Buffer[];

  private constructor(firsts: readonly number[], codes: readonly Buffer[]) {
    this.#firsts = firsts;
    this.#codes = codes;
  }

  /** By bisection, all steps at a time. */
  static async find(range: Range, layout: Layout, encode: Encode): Promise<Steps> {
    const known = new Map<number, Buffer>();
    const learn = async (floats: readonly number[]): Promise<void> => {
      const codes = await encode(layout.repeated(floats));
      const bytes = codes.length / floats.length;
      for (const [i, bits] of floats.entries()) known.set(bits, codes.subarray(i * bytes, (i + 1) * bytes));
    };
    await learn(range);
    const firsts: number[] = [];
    const differ = ([low, high]: Range): boolean => !known.get(low)!.equals(known.get(high)!);
    for (let parts = [range].filter(differ); parts.length > 0; ) {
      firsts.push(...parts.filter(([low, high]) => high === low + 1).map(([, high]) => high));
      const wide = parts.filter(([low, high]) => high > low + 1);
      const middles = wide.map(([low, high]) => Math.floor((low + high) / 2));
      if (middles.length > 0) await learn(middles);
      parts = wide
        .flatMap(([low, high], i): Range[] => [
          [low, middles[i]!],
          [middles[i]!, high],
        ])
        .filter(differ);
    }
    const all = [range[0], ...firsts.sort((a, b) => a - b)];
    return new Steps(
      all,
      all.map((first) => known.get(first)!),
    );
  }

  /** First floats of blocks that have a step in their midst, as far as a range goes. */
  around([first, last]: Range, { own }: Layout): readonly number[] {
    const most = last - own + 1;
    return this.#firsts.map((bits) => Math.max(first, Math.min(bits - Math.floor(own / 2), most)));
  }

  /** Codes of some neighbouring blocks; those in which codes change are encoded. */
  async expected(blocks: Blocks, { from, firsts }: Slice, encode: Encode): Promise<Buffer> {
    const bytes = this.#codes[0]!.length;
    const target = Buffer.allocUnsafe(firsts.length * bytes);
    const mixed: number[] = [];
    let piece = 0;
    let begun = 0;
    for (const [i, first] of firsts.entries()) {
      const own = this.#pieceOf(first, piece);
      const isMixed = (this.#firsts[own + 1] ?? Number.POSITIVE_INFINITY) <= blocks.last(from + i);
      if (own !== piece || isMixed) {
        repeat(target, this.#codes[piece]!, begun, i);
        piece = own;
        begun = isMixed ? i + 1 : i;
        if (isMixed) mixed.push(i);
      }
    }
    repeat(target, this.#codes[piece]!, begun, firsts.length);
    if (mixed.length > 0) {
      const codes = await encode(blocks.layout.neighbours(mixed.map((i) => firsts[i]!)));
      for (const [k, i] of mixed.entries()) codes.copy(target, i * bytes, k * bytes, (k + 1) * bytes);
    }
    return target;
  }

  #pieceOf(bits: number, near: number): number {
    let piece = near;
    while (piece > 0 && this.#firsts[piece]! > bits) piece--;
    while (piece + 1 < this.#firsts.length && this.#firsts[piece + 1]! <= bits) piece++;
    return piece;
  }
}

/** The same codes for each of some blocks. */
function repeat(target: Buffer, codes: Buffer, from: number, to: number): void {
  if (to <= from) return;
  const [start, end] = [from * codes.length, to * codes.length];
  codes.copy(target, start);
  for (let done = codes.length; start + done < end; done *= 2)
    target.copyWithin(start + done, start, Math.min(start + done, end - done));
}
