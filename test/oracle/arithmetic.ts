/**
 * The arithmetic an update rule is evaluated in.
 *
 * float32: every operation is done in float64 and rounded once. For + - * / and sqrt of float32
 * operands that equals the correctly rounded float32 operation, because 53 >= 2 * 24 + 2.
 * float64: the same rule without rounding, to tell an error of a formula from a rounding error.
 */
export interface Arithmetic {
  readonly name: "float32" | "float64";
  /** Brings a number computed on the host in float64 into this arithmetic: one rounding. */
  readonly round: (x: number) => number;
  readonly add: (a: number, b: number) => number;
  readonly sub: (a: number, b: number) => number;
  readonly mul: (a: number, b: number) => number;
  readonly div: (a: number, b: number) => number;
  readonly sqrt: (a: number) => number;
}

function arithmetic(name: Arithmetic["name"], round: (x: number) => number): Arithmetic {
  return {
    name,
    round,
    add: (a, b) => round(a + b),
    sub: (a, b) => round(a - b),
    mul: (a, b) => round(a * b),
    div: (a, b) => round(a / b),
    sqrt: (a) => round(Math.sqrt(a)),
  };
}

export const float32: Arithmetic = arithmetic("float32", Math.fround);
export const float64: Arithmetic = arithmetic("float64", (x) => x);

/** sign(0) = 0 and sign(NaN) = 0. */
export function sign(x: number): number {
  if (x > 0) return 1;
  if (x < 0) return -1;
  return 0;
}

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The 32 bits of a float32. */
export function bitsOf(x: number): number {
  single[0] = x;
  return bits[0] as number;
}

/** The float32 with these 32 bits. */
export function fromBits(pattern: number): number {
  bits[0] = pattern;
  return single[0] as number;
}

/** Where a float32 stands in the order of all of them: neighbours differ by 1, -0 and 0 are equal. */
export function ordinal(x: number): number {
  const pattern = bitsOf(x);
  return pattern < 0x80000000 ? pattern : 0x80000000 - pattern;
}

/** The next float32 above a finite x. */
export function nextUp(x: number): number {
  if (x === 0) return fromBits(1);
  return fromBits(bitsOf(x) + (x > 0 ? 1 : -1));
}
