import { type Arithmetic, bitsOf, fromBits } from "./arithmetic.js";
import { normalized, type Random, type Rounding, runs } from "./codec.js";

/**
 * The logarithmic mapping of SOLO, arXiv 2505.00347, section 4: an unsigned value of a block with the absolute maximum s
 * is stored as the k of a level alpha^k s, k = 0 .. 2^bits - 1, where alpha = (x_q / s)^(1 / (2^bits - 1)) and x_q is
 * the q-quantile of the block. Values are rounded in the log domain.
 *
 * Departures from the paper, so that zeros do not lift a block to its maximum: the quantile is of the values above 0
 * alone; a zero takes the lowest level; where there is one, that level is at most s / 8. And so that float32 holds all
 * levels, the lowest is at least s / 2^100. What is subnormal or not finite counts as a zero.
 */
export interface LogMapping {
  readonly log: { readonly quantile: number };
}

export interface LogEncoded {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly alphas: Float32Array;
}

const SMALLEST_NORMAL = 2 ** -126;
const LEAST_RATIO = 2 ** -100;
const MOST_RATIO_OF_ZEROS = 1 / 8;

/** How log2 and exp2 are computed: in float32 by the polynomials that define them, in float64 by the library. */
interface Logarithms {
  readonly log2: (x: number) => number;
  readonly exp2: (y: number) => number;
}

/** (log2(1 + f) - f) / f between sqrt(1/2) and sqrt(2), and (2^f - 1) / f between -1/2 and 1/2; lowest power first. */
const LOG2 = [
  0.44269505, -0.72134733, 0.4808979, -0.36069643, 0.28858528, -0.23963657, 0.20429616, -0.1906129, 0.1878259,
  -0.112973355,
].map(Math.fround);
const EXP2 = [Math.LN2, 0.2402265, 0.05550357, 0.009618031, 0.0013390867, 0.0001546973].map(Math.fround);

const single: Logarithms = {
  log2(x) {
    const r = Math.fround;
    // x = 2^e (1 + f): the bits of sqrt(1/2) are 0x3f3504f3.
    const e = Math.floor((bitsOf(x) - 0x3f3504f3) / 2 ** 23);
    const f = r(fromBits(bitsOf(x) - e * 2 ** 23) - 1);
    return r(e + r(f + r(f * horner(f, LOG2))));
  },
  exp2(y) {
    const r = Math.fround;
    const k = Math.trunc(r(y + 127.5)) - 127;
    const f = r(y - k);
    return r(r(1 + r(f * horner(f, EXP2))) * 2 ** k);
  },
};

const double: Logarithms = { log2: Math.log2, exp2: (y) => 2 ** y };

function horner(f: number, coefficients: readonly number[]): number {
  return coefficients.reduceRight((sum, c) => Math.fround(Math.fround(sum * f) + c));
}

function logarithms({ name }: Arithmetic): Logarithms {
  return name === "float32" ? single : double;
}

/** What orders a value in its block; 0 for what does not count. */
function magnitude(x: number): number {
  return Number.isFinite(x) && Math.abs(x) >= SMALLEST_NORMAL ? Math.abs(x) : 0;
}

/** In float32 a multiple of 2^-24, or less finely so that the product with a block's size fits 32 bits. */
function quantileIn({ name }: Arithmetic, quantile: number, size: number): number {
  if (name === "float64") return quantile;
  const steps = 2 ** Math.min(24, 32 - Math.ceil(Math.log2(size)));
  return Math.round(quantile * steps) / steps;
}

/** alpha of a block, short or of `size` elements, with the absolute maximum `scale`; 0 where that is 0. */
export function alphaOf(
  block: Float32Array,
  size: number,
  scale: number,
  bits: number,
  quantile: number,
  ops: Arithmetic,
): number {
  if (scale === 0) return 0;
  const { add, sub, mul, div } = ops;
  const above = [...block]
    .map(magnitude)
    .filter((x) => x > 0)
    .sort((a, b) => a - b);
  const place = quantileIn(ops, quantile, size) * (above.length - 1);
  const lower = above[Math.floor(place)] as number;
  const upper = above[Math.min(Math.floor(place) + 1, above.length - 1)] as number;
  const [low, high] = [lower, upper].map((x) => Math.max(mul(x, div(1, scale)), LEAST_RATIO)) as [
    number,
    number,
  ];
  const ratio = add(low, mul(place - Math.floor(place), sub(high, low)));
  const most = above.length < block.length ? MOST_RATIO_OF_ZEROS : 1;
  const { log2, exp2 } = logarithms(ops);
  return exp2(div(log2(Math.min(ratio, most)), 2 ** bits - 1));
}

/**
 * log(x / s) / log(alpha), between 0, the greatest level, and 2^bits - 1, the lowest, which zeros take, in float64. A block
 * that has no scale or one level only has the place 0.
 */
export function logIndex(n: number, alpha: number, bits: number): number {
  if (alpha === 0 || alpha === 1) return 0;
  return Math.min(Math.max(Math.log2(Math.max(n, 0)) / Math.log2(alpha), 0), 2 ** bits - 1);
}

/** alpha^k as the product of those of alpha, alpha^2, alpha^4, ... that the bits of k name, the lowest first. */
export function levelOf(alpha: number, k: number, bits: number): number {
  let [square, level] = [alpha, 1];
  for (let bit = 0; bit < bits; bit++) {
    if (bit > 0) square = Math.fround(square * square);
    if ((k >>> bit) & 1) level = Math.fround(level * square);
  }
  return level;
}

/** What a drawn part keeps off the ends of its eighth, in octaves for each bit. */
const MARGIN = 2 ** -20;

/**
 * alpha^t in float32. Nearest: t = 1/2. Stochastic: t is drawn from one of the eight parts of [0, 1), which the eight
 * elements that share a random word have in an order that is drawn as well.
 */
function partOf(alpha: number, bits: number, rounding: Rounding, word: number, element: number): number {
  const r = Math.fround;
  if (alpha === 0) return 0;
  if (rounding === "nearest") return r(Math.sqrt(alpha));
  const octaves = Math.min(r(r(single.log2(alpha) / 8) + 2 * bits * MARGIN), 0);
  const drawn = r(r(Math.floor(word / 256) * r(octaves * 2 ** -24)) - bits * MARGIN);
  let part = single.exp2(drawn);
  let root = r(Math.sqrt(r(Math.sqrt(r(Math.sqrt(alpha))))));
  const eighths = (word % 8) ^ (element % 8);
  for (const bit of [1, 2, 4]) {
    if (eighths & bit) part = r(part * root);
    root = r(root * root);
  }
  return part;
}

/**
 * How many of the levels, the lowest apart, have a product with that part which lies above n: found from the highest bit of
 * the number on. So the lower of two levels is taken with the probability of what is left in the log domain, and a level
 * itself does not move. NaN counts as less than all.
 *
 * @param word that of the eight elements, for stochastic rounding
 */
export function logCode(
  n: number,
  alpha: number,
  bits: number,
  rounding: Rounding,
  word: number,
  element: number,
): number {
  const powers = Array.from({ length: bits }, () => alpha);
  for (let bit = 1; bit < bits; bit++)
    powers[bit] = Math.fround((powers[bit - 1] as number) * (powers[bit - 1] as number));
  let bound = partOf(alpha, bits, rounding, word, element);
  let code = 0;
  for (let bit = bits - 1; bit >= 0; bit--) {
    const last = powers.slice(0, bit).reduce((product, power) => Math.fround(product * power), 1);
    if (n >= Math.fround(bound * last)) continue;
    code += 2 ** bit;
    bound = Math.fround(bound * (powers[bit] as number));
  }
  return code;
}

export function encodeLog(
  values: Float32Array,
  scales: Float32Array,
  { log: { quantile } }: LogMapping,
  bits: number,
  normalize: { readonly block: number },
  rounding: Rounding,
  random: Random,
  ops: Arithmetic,
): LogEncoded {
  const { size, count } = runs(normalize, values.length);
  const alphas = Float32Array.from({ length: count }, (_, run) =>
    alphaOf(values.subarray(run * size, (run + 1) * size), size, scales[run] as number, bits, quantile, ops),
  );
  const codes = Uint8Array.from(values, (x, i) => {
    const run = Math.floor(i / size);
    const n = normalized(x, scales[run] as number);
    const word = rounding === "nearest" ? 0 : random(Math.floor(i / 8));
    return logCode(n, alphas[run] as number, bits, rounding, word, i);
  });
  return { codes, scales, alphas };
}

/** x = alpha^code * s. */
export function decodeLog(
  { codes, scales, alphas }: LogEncoded,
  bits: number,
  normalize: { readonly block: number },
): Float32Array {
  const { size } = runs(normalize, codes.length);
  return Float32Array.from(codes, (code, i) => {
    const run = Math.floor(i / size);
    return levelOf(alphas[run] as number, code, bits) * (scales[run] as number);
  });
}
