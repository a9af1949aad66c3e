/** Tensors that are small to write down: a kind of contents, a salt, and single elements set by hand. */

export interface TensorSpec {
  readonly length: number;
  /** Random numbers that divide the elements among dimensions; none where the tensor has one dimension. */
  readonly dimensions?: readonly number[];
  readonly fill: FillName;
  readonly salt: number;
  /** Elements with a value of their own; an index beyond the end sets nothing. */
  readonly spikes: readonly (readonly [index: number, value: number])[];
}

const { fround } = Math;
export const largest = fround(3.4028234663852886e38);

/** Each number chooses the size of one more dimension among the divisors of what is left. */
export function shapeOf({ length, dimensions = [] }: Pick<TensorSpec, "length" | "dimensions">): number[] {
  const shape: number[] = [];
  let rest = length;
  for (const choice of dimensions) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((size) => rest % size === 0);
    const size = divisors[choice % Math.max(divisors.length, 1)] ?? 1;
    shape.push(size);
    rest /= size;
  }
  return [...shape, rest];
}

/** Values that break arithmetic that was written for ordinary ones. */
export const specials: readonly number[] = [
  0,
  1,
  -1,
  -0,
  0.5,
  -0.5,
  Number.NaN,
  Infinity,
  -Infinity,
  largest,
  -largest,
  2 ** -126,
  -(2 ** -126),
  2 ** -149,
  -(2 ** -149),
  2 ** -126 - 2 ** -149,
  1 - 2 ** -24,
  1 + 2 ** -23,
  1e-8,
  -1e-20,
  1e-38,
  1e19,
  -2e19,
  1e30,
];

/** Random numbers of one element: `draw(k)` is uniform in [0, 1). */
type Draw = (k: number) => number;

const sign = (draw: Draw): number => (draw(7) < 0.5 ? -1 : 1);
const normal = (draw: Draw): number =>
  Math.sqrt(-2 * Math.log(1 - draw(0))) * Math.cos(2 * Math.PI * draw(1));
const pick = (values: readonly number[], u: number): number =>
  values[Math.floor(u * values.length)] as number;

const fills = {
  zeros: () => 0,
  ones: () => 1,
  normal,
  small: (draw) => 1e-3 * normal(draw),
  /** Multiples of 1/64: sums, ties and levels are hit exactly. */
  grid: (draw) => (Math.floor(draw(0) * 129) - 64) / 64,
  powers: (draw) => sign(draw) * 2 ** Math.floor(draw(0) * 17 - 8),
  wide: (draw) => sign(draw) * 2 ** (80 * draw(0) - 40),
  sparse: (draw) => (draw(2) < 0.02 ? normal(draw) : 0),
  outlier: (draw) => normal(draw) * (draw(2) < 0.01 ? 1e4 : 1),
  /** Their squares are subnormal or zero. */
  tiny: (draw) => 1e-20 * normal(draw),
  subnormal: (draw) => sign(draw) * draw(0) * 2 ** -126,
  /** Their squares overflow. */
  huge: (draw) => sign(draw) * largest * 2 ** (-8 * draw(0)),
  nonfinite: (draw) => (draw(2) < 0.05 ? pick([Infinity, -Infinity, Number.NaN], draw(3)) : normal(draw)),
  special: (draw) => pick(specials, draw(0)),
} satisfies Record<string, (draw: Draw) => number>;

export type FillName = keyof typeof fills;

/** The harmless first: a counterexample shrinks to them. */
export const fillNames = Object.keys(fills) as FillName[];
/** What training looks like. */
export const ordinaryFills: readonly FillName[] = ["normal", "small", "outlier"];

export function makeTensor({ length, fill, salt, spikes }: TensorSpec): Float32Array {
  const element = fills[fill];
  const values = Float32Array.from({ length }, (_, i) => element((k) => hash(salt, i, k) / 2 ** 32));
  for (const [index, value] of spikes) if (index < length) values[index] = value;
  return values;
}

/** Whatever the length, element i is the same. */
function hash(salt: number, index: number, k: number): number {
  let x = (salt ^ Math.imul(index + 1, 0x9e3779b9) ^ Math.imul(k + 1, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

export function describeTensor({ length, fill, salt, spikes }: TensorSpec): string {
  const set = spikes
    .filter(([index]) => index < length)
    .map(([index, value]) => `[${index}] = ${fround(value)}`);
  const contents = fill === "zeros" || fill === "ones" ? fill : `${fill} (salt ${salt})`;
  return `${length} ${contents}${set.length > 0 ? `, ${set.join(", ")}` : ""}`;
}
