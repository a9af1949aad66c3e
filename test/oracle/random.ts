/**
 * The counter-based generator: a value is a pure function of (seed, step, stream, tensor, element),
 * so the same seed gives the same bits however the work is split. All arithmetic is modulo 2^32.
 */

/** Two u32 words: what a key is while it absorbs its parts. */
export interface Pair {
  readonly a: number;
  readonly b: number;
}

/** 2^32 divided by the golden ratio, odd: consecutive multiples are far apart. */
const GOLDEN = 0x9e3779b9;

/** A bijection of x for every k: two rounds of xor-shift and odd multiplication, k added between them. */
export function mix(x: number, k: number): number {
  let y = x >>> 0;
  y ^= y >>> 16;
  y = Math.imul(y, 0x7feb352d) >>> 0;
  y = (y + k) >>> 0;
  y ^= y >>> 15;
  y = Math.imul(y, 0x846ca68b) >>> 0;
  y ^= y >>> 16;
  return y >>> 0;
}

/** Both new words come from both old ones. */
export function absorb({ a, b }: Pair, word: number): Pair {
  return { a: mix(a ^ word, b), b: mix(b + word, a ^ GOLDEN) };
}

/** FNV-1a, 32 bits, of the UTF-8 bytes of a tensor's name. */
export function tensorId(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * The key of one state of one tensor in one step.
 * `t` counts from 1; `stream` is the state's index among the spec's stochastic states, in order of declaration.
 */
export function streamKey(seed: bigint, t: number, stream: number, tensor: string): Pair {
  const start = { a: Number(seed & 0xffffffffn), b: Number((seed >> 32n) & 0xffffffffn) };
  return [t, stream, tensorId(tensor)].reduce(absorb, start);
}

/** The u32 of one element, by its index in the flattened tensor. */
export function randomAt(key: Pair, element: number): number {
  const { a, b } = absorb(key, Math.floor(element / 2 ** 32));
  return mix(a + Math.imul(element, GOLDEN), b);
}
