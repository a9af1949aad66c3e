import type { Expr } from "./types.js";

/**
 * How large a float32 can be: zero, where it may be, or 2^lo <= |x| <= 2^hi. A hi above 126 stands for anything, NaN and the
 * infinities too; a lo below -126 for what may have underflowed.
 */
export interface Magnitude {
  readonly lo: number;
  readonly hi: number;
  readonly isNonNegative: boolean;
  readonly isZero: boolean;
}

const UNDERFLOW = -149;
export const anything: Magnitude = { lo: UNDERFLOW, hi: 129, isNonNegative: false, isZero: true };

/** What is known of variables, by name, and of the least that some expressions can be, by their keys. */
export interface Magnitudes {
  readonly variables: ReadonlyMap<string, Magnitude>;
  readonly least: ReadonlyMap<string, number>;
}

export const keyOf = (expr: Expr): string => (expr.kind === "variable" ? expr.name : JSON.stringify(expr));

/** Rounding to nearest never crosses a power of two, and a sum is a multiple of the last places of its terms. */
export function measure(expr: Expr, known: Magnitudes): Magnitude {
  if (expr.kind === "variable") return known.variables.get(expr.name) ?? anything;
  if (expr.kind === "constant") return expr.type === "f32" ? measureConstant(expr.value) : anything;
  if (expr.kind === "lookup") return anything;
  const found = measureOp(expr, known);
  const least = known.least.size > 0 ? known.least.get(keyOf(expr)) : undefined;
  return least === undefined ? found : { ...found, lo: Math.max(found.lo, least) };
}

function measureOp(expr: Extract<Expr, { kind: "op" }>, known: Magnitudes): Magnitude {
  const [a = anything, b = anything, c = anything] = expr.args.map((argument) => measure(argument, known));
  switch (expr.op) {
    case "f32.add":
      return a.isNonNegative && b.isNonNegative
        ? { ...greatest(a, b), hi: Math.max(a.hi, b.hi) + 1 }
        : difference(a, b);
    case "f32.sub":
      return difference(a, b);
    case "f32.mul":
      return scaled(a.lo + b.lo, a.hi + b.hi, isNonNegativeProduct(expr, known), a.isZero || b.isZero);
    case "f32.div":
      return scaled(a.lo - b.hi, a.hi - b.lo, a.isNonNegative && b.isNonNegative, a.isZero);
    case "f32.sqrt":
      return { ...a, lo: Math.floor(a.lo / 2), hi: Math.ceil(a.hi / 2) };
    case "f32.neg":
      return { ...a, isNonNegative: false };
    case "f32.abs":
      return { ...a, isNonNegative: true };
    case "f32.select":
      return isGreatest(expr.args) ? greatest(b, c) : union(b, c);
    default:
      return anything;
  }
}

function measureConstant(value: number): Magnitude {
  if (value === 0) return { lo: 126, hi: UNDERFLOW, isNonNegative: true, isZero: true };
  const exponent = Math.log2(Math.abs(value));
  return { lo: Math.floor(exponent), hi: Math.ceil(exponent), isNonNegative: value > 0, isZero: false };
}

function scaled(lo: number, hi: number, isNonNegative: boolean, isZero: boolean): Magnitude {
  const isNormal = lo >= -126;
  return { lo: isNormal ? lo : UNDERFLOW, hi, isNonNegative, isZero: isZero || !isNormal };
}

function difference(a: Magnitude, b: Magnitude): Magnitude {
  return scaled(Math.min(a.lo, b.lo) - 23, Math.max(a.hi, b.hi) + 1, false, true);
}

function union(a: Magnitude, b: Magnitude): Magnitude {
  return {
    lo: Math.min(a.lo, b.lo),
    hi: Math.max(a.hi, b.hi),
    isNonNegative: a.isNonNegative && b.isNonNegative,
    isZero: a.isZero || b.isZero,
  };
}

/** a > b ? a : b */
function isGreatest([condition, ...choices]: readonly Expr[]): boolean {
  if (condition?.kind !== "op" || condition.op !== "f32.gt") return false;
  return condition.args.every((argument, index) => keyOf(argument) === keyOf(choices[index] as Expr));
}

function greatest(a: Magnitude, b: Magnitude): Magnitude {
  const either = union(a, b);
  const least = [a, b].filter(({ isZero }) => !isZero).map(({ lo }) => lo);
  return either.isNonNegative && least.length > 0
    ? { ...either, lo: Math.max(...least), isZero: false }
    : either;
}

/** Whether every factor that may be negative is there an even number of times, as in c * g * g. */
function isNonNegativeProduct(expr: Expr, known: Magnitudes): boolean {
  const odd = new Set<string>();
  for (const factor of factorsOf(expr)) {
    if (measure(factor, known).isNonNegative) continue;
    const key = keyOf(factor);
    if (!odd.delete(key)) odd.add(key);
  }
  return odd.size === 0;
}

function factorsOf(expr: Expr): Expr[] {
  return expr.kind === "op" && expr.op === "f32.mul" ? expr.args.flatMap(factorsOf) : [expr];
}
