import { nextUp } from "./arithmetic.js";

/**
 * Mappings by their formulas: powers of a linear grid, small floats, companded grids. Each gives the different levels,
 * float32 and ascending; some have fewer than 2^bits.
 */

export type Companding = "softsign" | "sqrt" | "mu-law" | "none";

/** Whole powers in float32, factor by factor (as the tables of arXiv 2309.01507 were made); others in float64. */
export function power(linear: Float32Array, p: number): Float32Array {
  return linear.map((x) => {
    let result = Math.fround(Math.abs(x) ** (p % 1 === 0 ? 1 : p));
    if (p % 1 === 0) for (let k = 1; k < p; k++) result = Math.fround(result * Math.abs(x));
    return Math.sign(x) * result;
  });
}

/**
 * Every bit pattern of a float with so many exponent bits, read as IEEE 754 reads it except that the highest exponent
 * is an ordinary one; then what is greater than `largest` is dropped and the rest divided by it.
 */
export function float(bits: number, signed: boolean, exponentBits: number, largest?: number): Float32Array {
  const size = bits - (signed ? 1 : 0);
  const fractionBits = size - exponentBits;
  const numbers: number[] = [];
  for (let pattern = 0; pattern < 2 ** size; pattern++) {
    const exponent = pattern >>> fractionBits;
    const fraction = pattern & (2 ** fractionBits - 1);
    const implicit = exponent === 0 ? 0 : 2 ** fractionBits;
    // Units of the last place: the lowest two exponents share theirs.
    numbers.push((implicit + fraction) * 2 ** Math.max(exponent, 1));
  }
  // The bias and the bits of the fraction, which `numbers` leaves out.
  const unit = 2 ** (1 - 2 ** (exponentBits - 1) - fractionBits);
  const top = largest === undefined ? Math.max(...numbers) : largest / unit;
  const levels = new Set<number>();
  for (const number of numbers) {
    if (number > top) continue;
    levels.add(Math.fround(number / top));
    if (signed && number > 0) levels.add(-Math.fround(number / top));
  }
  return Float32Array.from([...levels].sort((a, b) => a - b));
}

/** The values whose transform is z, from the transform as its source gives it, solved for n. */
function solve(companding: Companding, z: number): number {
  const size = Math.abs(z);
  switch (companding) {
    case "none":
      return z;
    case "softsign": // z = 2n / (1 + |n|)
      return z / (2 - size);
    case "sqrt": // z = sign(n) sqrt(|n|)
      return Math.sign(z) * size ** 2;
    case "mu-law": // z = sign(n) log(1 + 255 |n|) / log(256)
      return (Math.sign(z) * (256 ** size - 1)) / 255;
  }
}

/** Grid points k / K with K = 2^(bits-1) - 1 of either sign, or 2^bits - 1 without one; thresholds halfway between them. */
export function companded(companding: Companding, bits: number, signed: boolean) {
  const K = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const from = signed ? -K : 0;
  const count = K - from + 1;
  return {
    table: Float32Array.from({ length: count }, (_, i) => solve(companding, (from + i) / K) + 0),
    thresholds: Float32Array.from({ length: count - 1 }, (_, i) => {
      const exact = solve(companding, (from + i + 0.5) / K);
      const near = Math.fround(exact);
      return near < exact ? nextUp(near) : near;
    }),
  };
}
