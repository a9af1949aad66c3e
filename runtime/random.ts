/** Keys of the counter-based generator that stochastic rounding draws from. All arithmetic is modulo 2^32. */

export interface StreamKey {
  readonly key0: number;
  readonly key1: number;
}

type Pair = readonly [number, number];

function mix(value: number, key: number): number {
  let x = value;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x = (x + key) | 0;
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

function absorb([a, b]: Pair, word: number): Pair {
  return [mix(a ^ word, b), mix(b + word, a ^ 0x9e3779b9)];
}

/**
 * Two u32 keys for one rounding stream of one step; kernels absorb the tensor's id and the element into them.
 *
 * @param seed non-negative safe integer
 * @param t step, from 1; its low 32 bits count
 * @param stream index of the stream within the optimizer
 */
export function streamKey(seed: number, t: number, stream: number): StreamKey {
  const start: Pair = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  const [key0, key1] = absorb(absorb(start, t >>> 0), stream >>> 0);
  return { key0, key1 };
}
