import { smallestNormal } from "../lower/float32.js";
import { type Op, opRow } from "./ops.js";

/**
 * The float32 operations over intervals: everything that a device may compute whose arithmetic is not exact but of a class.
 *
 * + - * round once to nearest, but a product that feeds a sum may stay unrounded (fused). A quotient and a square root
 * lie within so many units in the last place. Any subnormal operand or result may be zero. Overflow gives an infinity,
 * and NaN compares as in IEEE 754. Where a comparison can go both ways, both ways are followed. u32 arithmetic is exact.
 */

/** The float32 values from lo to hi, and NaN; lo > hi where there is nothing but NaN. */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
  readonly nan: boolean;
}

/** Units in the last place. */
export interface IntervalAccuracy {
  readonly division: number;
  readonly squareRoot: number;
}

/** An interval for f32, a number for u32 and bool. */
export type IntervalValue = Interval | number;

/** Takes one of so many ways, from 0; whoever evaluates sees to it that every way is taken in the end. */
export type Fork = (ways: number) => number;

/** A second argument is not read where there is none. */
export type IntervalRow = (fork: Fork, a: Interval, b: Interval) => IntervalValue;

/** Operations on float32 values that are rounded, compared or taken apart. */
export type FloatOp = Exclude<
  Extract<Op, `f32.${string}`>,
  "f32.select" | "f32.leading" | "f32.from_bits" | "f32.from_u32"
>;

const { fround, min, max, abs } = Math;
const onlyNan: Interval = { lo: Infinity, hi: -Infinity, nan: true };

/** float32 or NaN: the number itself, or zero for it where it is subnormal. */
export function pointInterval(value: number): Interval {
  return Number.isNaN(value) ? onlyNan : orZero(value, value, false);
}

export function inInterval(value: number, interval: Interval): boolean {
  const { lo, hi, nan } = rounded(interval);
  return Number.isNaN(value) ? nan : value >= lo && value <= hi;
}

/** What a register holds: products and quotients carry unrounded bounds until they are used. */
export function rounded({ lo, hi, nan }: Interval): Interval {
  return { lo: fround(lo), hi: fround(hi), nan };
}

function orZero(lo: number, hi: number, nan: boolean): Interval {
  return { lo: lo > 0 && lo < smallestNormal ? 0 : lo, hi: hi < 0 && hi > -smallestNormal ? 0 : hi, nan };
}

const isEmpty = ({ lo, hi }: Interval): boolean => lo > hi;
const hasZero = ({ lo, hi }: Interval): boolean => lo <= 0 && hi >= 0;
const hasInfinity = ({ lo, hi }: Interval): boolean => lo === -Infinity || hi === Infinity;
const negate = ({ lo, hi, nan }: Interval): Interval => ({ lo: -hi, hi: -lo, nan });

function add(a: Interval, b: Interval): Interval {
  if (isEmpty(a) || isEmpty(b)) return onlyNan;
  const opposite = (a.lo === -Infinity && b.hi === Infinity) || (a.hi === Infinity && b.lo === -Infinity);
  const lo = sum(a.lo, b.lo, -1);
  const hi = sum(a.hi, b.hi, 1);
  // The sum of opposite infinities is NaN: the bound is then the infinity that the other values give.
  return orZero(
    Number.isNaN(lo) ? Infinity : fround(lo),
    Number.isNaN(hi) ? -Infinity : fround(hi),
    a.nan || b.nan || opposite,
  );
}

/** a + b in float64, moved towards `side` where that has a rounding error to this side (Knuth's two-sum). */
function sum(a: number, b: number, side: number): number {
  const total = a + b;
  const part = total - a;
  const error = a - (total - part) + (b - part);
  return error * side > 0 ? total + side * abs(total) * Number.EPSILON : total;
}

function multiply(left: Interval, right: Interval): Interval {
  const [a, b] = [rounded(left), rounded(right)];
  const nan = a.nan || b.nan || (hasZero(a) && hasInfinity(b)) || (hasInfinity(a) && hasZero(b));
  // A product of two float32 is exact in float64.
  const { lo, hi } = hull(a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi);
  if (isEmpty(a) || isEmpty(b) || lo > hi) return onlyNan;
  return orZero(min(lo, fround(lo)), max(hi, fround(hi)), nan);
}

/** A divisor that may be zero is split by its sign; the sign of a zero is not known. */
function divide(left: Interval, right: Interval, ulps: number, fork: Fork): Interval {
  const [a, whole] = [rounded(left), rounded(right)];
  if (isEmpty(a) || isEmpty(whole)) return onlyNan;
  if (!hasZero(whole)) return quotient(a, whole, ulps);
  const parts = [
    ...(whole.hi > 0 ? [{ ...whole, lo: 2 ** -149 }] : []),
    ...(whole.lo < 0 ? [{ ...whole, hi: -(2 ** -149) }] : []),
  ];
  const way = fork(parts.length + 2);
  const part = parts[way];
  if (part !== undefined) return quotient(a, part, ulps);
  if (a.lo === 0 && a.hi === 0) return onlyNan;
  const infinity = way === parts.length ? Infinity : -Infinity;
  return { lo: infinity, hi: infinity, nan: a.nan || whole.nan || hasZero(a) };
}

function quotient(a: Interval, b: Interval, ulps: number): Interval {
  const nan = a.nan || b.nan || (hasInfinity(a) && hasInfinity(b));
  const { lo, hi } = hull(a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi);
  if (lo > hi) return onlyNan;
  // The reciprocal of a divisor beyond 2^126 is subnormal: it may be zero.
  const vanishes = b.hi > 2 ** 126 || b.lo < -(2 ** 126);
  return within(vanishes ? min(lo, 0) : lo, vanishes ? max(hi, 0) : hi, ulps, nan);
}

function squareRoot(radicand: Interval, ulps: number): Interval {
  const { lo, hi, nan } = rounded(radicand);
  if (!(hi >= 0)) return onlyNan;
  const root = within(Math.sqrt(max(lo, 0)), Math.sqrt(hi), ulps, nan || lo < 0);
  return { ...root, lo: max(0, root.lo) };
}

/** Everything so many units in the last place around the numbers from lo to hi. */
function within(lo: number, hi: number, ulps: number, nan: boolean): Interval {
  return orZero(orInfinity(lowest(lo, hi, ulps)), orInfinity(-lowest(-hi, -lo, ulps)), nan);
}

/** An outer bound that float32 cannot hold is an infinity. */
function orInfinity(bound: number): number {
  return Number.isFinite(fround(bound)) ? bound : fround(bound);
}

/** The unit doubles at a power of two, so the first one above lo may reach below what lo reaches. */
function lowest(lo: number, hi: number, ulps: number): number {
  const own = below(lo, ulps);
  if (!(lo > 0 && lo < Infinity)) return own;
  const power = 2 ** (Math.floor(Math.log2(fround(lo))) + 1);
  return power <= fround(hi) ? min(own, below(power, ulps)) : own;
}

/** From the least to the greatest of what is a number. */
function hull(a: number, b: number, c: number, d: number): { readonly lo: number; readonly hi: number } {
  let [lo, hi] = [Infinity, -Infinity];
  for (const bound of [a, b, c, d]) {
    if (bound < lo) lo = bound;
    if (bound > hi) hi = bound;
  }
  return { lo, hi };
}

/**
 * `select(a > b, a, b)`: the greater of two, the second where one is NaN. Registers are compared, so where the second is
 * also taken for a tie, what it was rounded from may be less than the first by half a unit in the last place.
 */
export function greatest(a: Interval, b: Interval, isStrict: boolean): Interval {
  const lo = max(a.lo, b.lo);
  const least = isStrict ? max(b.lo, below(lo, 0.5)) : lo;
  return orSecond({ lo: min(lo, least), hi: max(a.hi, b.hi), nan: b.nan }, a, b);
}

/** `select(a < b, a, b)`: the less of two, likewise. */
export function least(a: Interval, b: Interval, isStrict: boolean): Interval {
  return negate(greatest(negate(a), negate(b), isStrict));
}

function orSecond(found: Interval, a: Interval, b: Interval): Interval {
  if (isEmpty(a) || isEmpty(b)) return b;
  return a.nan || b.nan ? { lo: min(found.lo, b.lo), hi: max(found.hi, b.hi), nan: b.nan } : found;
}

const below = (value: number, ulps: number): number => value - ulps * ulpOf(value);

/** The distance of a float32 to its neighbour; none beside zero and infinity, which come out exactly. */
function ulpOf(value: number): number {
  const size = fround(abs(value));
  return size === 0 || size === Infinity ? 0 : 2 ** (max(Math.floor(Math.log2(size)), -126) - 23);
}

const decide = (can: boolean, cannot: boolean, fork: Fork): number => (can && cannot ? fork(2) : can ? 1 : 0);

/** A whole number from a to b. */
const oneOf = (a: number, b: number, fork: Fork): number => (a === b ? a : min(a, b) + fork(abs(b - a) + 1));

function compare(
  holds: (a: Interval, b: Interval) => boolean,
  fails: (a: Interval, b: Interval) => boolean,
): IntervalRow {
  return (fork, left, right) => {
    const [a, b] = [rounded(left), rounded(right)];
    const some = !isEmpty(a) && !isEmpty(b);
    return decide(some && holds(a, b), a.nan || b.nan || (some && fails(a, b)), fork);
  };
}

const meet = (a: Interval, b: Interval): boolean => a.lo <= b.hi && b.lo <= a.hi;
const differ = (a: Interval, b: Interval): boolean => min(a.lo, b.lo) < max(a.hi, b.hi);
const equal = compare(meet, differ);

/** The bits without the lowest `shift`: every way is one value of them. A zero is positive, a NaN quiet. */
export function leadingBits(fork: Fork, interval: Interval, shift: number): number {
  const { lo, hi, nan } = rounded(interval);
  const bits = (value: number): number => opRow("f32.leading").evaluate(value, shift);
  const ranges = [
    ...(lo <= hi && hi >= 0 ? [[bits(max(lo, 0)), bits(hi + 0)] as const] : []),
    ...(lo < 0 && lo <= hi ? [[bits(min(hi, -0)), bits(lo)] as const] : []),
    ...(nan ? [0x7fc00000, 0xffc00000].map((quiet) => [quiet >>> shift, quiet >>> shift] as const) : []),
  ];
  const count = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  let way = count === 1 ? 0 : fork(count);
  for (const [from, to] of ranges) {
    if (way <= to - from) return from + way;
    way -= to - from + 1;
  }
  throw new Error("an interval holds at least one value");
}

export function intervalRows({ division, squareRoot: root }: IntervalAccuracy): Record<FloatOp, IntervalRow> {
  return {
    "f32.add": (_, a, b) => add(a, b),
    "f32.sub": (_, a, b) => add(a, negate(b)),
    "f32.mul": (_, a, b) => multiply(a, b),
    "f32.div": (fork, a, b) => divide(a, b, division, fork),
    "f32.neg": (_, a) => negate(a),
    "f32.abs": (_, a) =>
      a.lo >= 0 ? a : a.hi <= 0 ? negate(a) : { lo: 0, hi: max(-a.lo, a.hi), nan: a.nan },
    "f32.sqrt": (_, a) => squareRoot(a, root),
    "f32.lt": compare(
      (a, b) => a.lo < b.hi,
      (a, b) => a.hi >= b.lo,
    ),
    "f32.le": compare(
      (a, b) => a.lo <= b.hi,
      (a, b) => a.hi > b.lo,
    ),
    "f32.gt": compare(
      (a, b) => a.hi > b.lo,
      (a, b) => a.lo <= b.hi,
    ),
    "f32.ge": compare(
      (a, b) => a.hi >= b.lo,
      (a, b) => a.lo < b.hi,
    ),
    "f32.eq": equal,
    "f32.ne": (fork, a, b) => 1 - (equal(fork, a, b) as number),
    "f32.saturate": (_, a) => {
      const { lo, hi } = isEmpty(a) || a.nan ? { lo: min(a.lo, 0), hi: max(a.hi, 0) } : a;
      return { lo: min(max(lo, 0), 1), hi: min(max(hi, 0), 1), nan: false };
    },
    "f32.is_finite": (fork, a) => {
      const { lo, hi, nan } = rounded(a);
      return decide(
        lo < Infinity && hi > -Infinity && lo <= hi,
        nan || hi === Infinity || lo === -Infinity,
        fork,
      );
    },
    "f32.truncate": (fork, a) => {
      const { lo, hi } = rounded(a);
      return oneOf(Math.trunc(lo), Math.trunc(hi), fork);
    },
    "f32.bits": (fork, a) => leadingBits(fork, a, 0),
  };
}
