import { f32, op, u32, variable } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, Order, Spread, StateVariables } from "../ir/types.js";
import type { LogCodec } from "../lower/plan.js";
import { buildLogPositions } from "./log-positions.js";
import { exp2, log2 } from "./logarithm.js";
import type { Names } from "./names.js";
import { randomWordAt } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** The lowest level is no less than this part of the scale, so that levels and what lies between them are normal. */
const LEAST_RATIO = 2 ** -100;
/** Where a run holds a zero, the lowest level is no more than this part of the scale. */
const MOST_RATIO_OF_ZEROS = 1 / 8;
/** The bits of 2^-126 and of infinity. */
const LEAST_NORMAL = 0x00800000;
const INFINITE = 0x7f800000;
/** In octaves, for each bit: 12 units in the last place. */
const MARGIN = 2 ** -20;

/** x = alpha^code * s. */
export function buildLogDecode(state: StateVariables, { bits }: LogCodec, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const level = power(writer.input(state.alpha), writer.input(state.code), bits, state, writer);
  writer.define(state.old, op("f32.mul", level, writer.input(state.scale)));
  return writer.finish(state.old);
}

/**
 * alpha = (x_q / s)^(1 / (2^bits - 1)), arXiv 2505.00347, with x_q the q-quantile of the magnitudes above 0, linear
 * between neighbours: at the place q (count - 1) of their ascending order.
 */
export function buildSpread(
  state: StateVariables,
  kernel: KernelVariables,
  codec: LogCodec,
  names: Names,
): Spread {
  const rank = new FragmentWriter(names);
  const [elements, above] = [rank.input(state.runLength), rank.input(state.counted)];
  const bits = codec.quantileBits;
  const below = op("u32.shr", place(state, codec), u32(bits));
  const among = op("u32.add", op("u32.sub", elements, above), below);
  rank.define(state.rank, op("u32.select", op("u32.gt", above, u32(0)), among, u32(0)));

  const alpha = new FragmentWriter(names);
  const [length, counted] = [alpha.input(state.runLength), alpha.input(state.counted)];
  const [lower, upper] = [alpha.input(state.lower), alpha.input(state.upper)];
  const inverse = alpha.input(state.inverse);
  const prefix = state.old.name;
  const at = alpha.bind(`${prefix}_place`, place(state, codec));
  const rest = op("u32.and", at, u32(2 ** bits - 1));
  const weight = op("f32.mul", op("f32.from_u32", rest), f32(2 ** -bits));
  const part = (x: Expr): Expr =>
    greater(alpha.bind(`${prefix}_part`, op("f32.mul", x, inverse)), f32(LEAST_RATIO));
  const low = alpha.bind(`${prefix}_part`, part(lower));
  const high = alpha.bind(`${prefix}_part`, part(upper));
  const between = op("f32.mul", weight, op("f32.sub", high, low));
  const ratio = alpha.bind(`${prefix}_ratio`, op("f32.add", low, between));
  const most = alpha.bind(
    `${prefix}_most`,
    op("f32.select", op("u32.lt", counted, length), f32(MOST_RATIO_OF_ZEROS), f32(1)),
  );
  const bounded = alpha.bind(`${prefix}_ratio`, less(ratio, most));
  const exponent = op("f32.div", log2(bounded, `${prefix}_log`, alpha), f32(2 ** codec.bits - 1));
  const kept = exp2(exponent, `${prefix}_power`, alpha);
  alpha.define(state.newAlpha, op("f32.select", op("f32.gt", inverse, f32(0)), kept, f32(0)));

  return {
    order: buildOrder(state, names),
    greatestRank: Math.floor(codec.quantile * (codec.normalize.block - 1)),
    rank: rank.finish(state.rank),
    alpha: alpha.finish(state.newAlpha),
    rate: buildRate(state, codec, names),
    positions: buildLogPositions(state, kernel, codec, marginOf(codec), names),
  };
}

/** Twice the bits of |x| less those of the least normal number: below it they are great, as those of what is not finite. */
function buildOrder(state: StateVariables, names: Names): Order {
  const key = new FragmentWriter(names);
  const bits = op("u32.shl", op("f32.bits", key.input(state.value)), u32(1));
  key.define(state.key, op("u32.sub", bits, u32(2 * LEAST_NORMAL)));
  const keyed = new FragmentWriter(names);
  const half = op("u32.shr", keyed.input(state.key), u32(1));
  keyed.define(state.keyed, op("f32.from_bits", op("u32.add", half, u32(LEAST_NORMAL))));
  return {
    key: key.finish(state.key),
    missing: 2 * (INFINITE - LEAST_NORMAL),
    keyed: keyed.finish(state.keyed),
  };
}

/**
 * q (count - 1) in fixed point, and 0 for a run without magnitudes above 0: whole numbers, since the two sides of a place
 * that is nearly whole may have nothing in common.
 */
function place(state: StateVariables, codec: LogCodec): Expr {
  const counted = variable(state.counted);
  const last = op("u32.select", op("u32.gt", counted, u32(0)), op("u32.sub", counted, u32(1)), u32(0));
  return op("u32.mul", u32(codec.quantile * 2 ** codec.quantileBits), last);
}

/**
 * alpha^(1/8), and by how many octaves 24 random bits lower a bound for each unit of their number: by that eighth in all, but
 * for a margin at either end. 0 in a run without a scale.
 */
function buildRate(state: StateVariables, codec: LogCodec, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const alpha = writer.input(state.newAlpha);
  const prefix = state.old.name;
  const positive = writer.bind(
    `${prefix}_base`,
    op("f32.select", op("f32.gt", alpha, f32(0)), alpha, f32(1)),
  );
  const octaves = op("f32.mul", log2(positive, `${prefix}_base_log`, writer), f32(1 / 8));
  const inner = writer.bind(`${prefix}_span`, op("f32.add", octaves, f32(2 * marginOf(codec))));
  const span = writer.bind(`${prefix}_span`, less(inner, f32(0)));
  writer.define(state.rate, op("f32.mul", span, f32(2 ** -24)));
  writer.define(state.root, op("f32.sqrt", op("f32.sqrt", op("f32.sqrt", alpha))));
  return writer.finish(state.rate, state.root);
}

/** In octaves. */
const marginOf = ({ bits }: LogCodec): number => bits * MARGIN;

/**
 * The code of n = x / s is the number of levels, the lowest apart, whose product with a part t of the way to the next one,
 * alpha^t, lies above n: with t = 1/2 that is the nearest in the log domain, with t drawn from 0 to 1 it is one of the two
 * beside n, the lower one with the probability of what is left there. What is no number takes the lowest level, and in a run
 * without a scale everything the first.
 */
export function buildLogEncode(
  state: StateVariables,
  kernel: KernelVariables,
  codec: LogCodec,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const prefix = state.old.name;
  const x = writer.input(state.value);
  const n = writer.bind(`${prefix}_normalized`, op("f32.mul", x, writer.input(state.inverse)));
  const alpha = writer.input(state.newAlpha);
  const part =
    codec.rounding === "nearest" ? op("f32.sqrt", alpha) : drawnPart(alpha, codec, state, kernel, writer);
  const bound = writer.bind(`${prefix}_part`, part);
  writer.define(state.newCode, levelsAbove(n, bound, alpha, codec.bits, prefix, writer));
  return writer.finish(state.newCode);
}

/**
 * alpha^t, where the eight elements of a word draw t from the eight parts of [0, 1), in an order that is drawn too: all from
 * one place of these parts. It keeps off their ends by more than what levels and logarithms are rounded by, so that a level
 * never moves.
 */
function drawnPart(
  alpha: Expr,
  codec: LogCodec,
  state: StateVariables,
  kernel: KernelVariables,
  writer: FragmentWriter,
): Expr {
  const prefix = state.old.name;
  const [element, rate] = [writer.input(kernel.element), writer.input(state.rate)];
  const random = randomWordAt(op("u32.shr", element, u32(3)), state, writer);
  const drawn = op("f32.mul", op("f32.from_u32", op("u32.shr", random, u32(8))), rate);
  const within = writer.bind(`${prefix}_drawn`, op("f32.sub", drawn, f32(marginOf(codec))));
  const first = writer.bind(`${prefix}_first`, exp2(within, `${prefix}_drawn`, writer));

  const one = writer.bind(`${prefix}_one`, op("f32.select", op("f32.gt", alpha, f32(0)), f32(1), f32(0)));
  const eighth = writer.input(state.root);
  const fourth = writer.bind(`${prefix}_root`, op("f32.mul", eighth, eighth));
  const half = writer.bind(`${prefix}_root`, op("f32.mul", fourth, fourth));
  return [eighth, fourth, half].reduce((product, root, bit) => {
    // Their exclusive or as a sum: compilers then choose twice for a bit of the word, and not for each element.
    const own = u32(2 ** bit);
    const sum = op("u32.add", op("u32.and", random, own), op("u32.and", element, own));
    return op("f32.mul", product, op("f32.select", op("u32.eq", sum, own), root, one));
  }, first);
}

/** By bisection, the highest bit of the code first. */
function levelsAbove(
  n: Expr,
  part: Expr,
  alpha: Expr,
  bits: number,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const squares = squaresOf(alpha, bits, prefix, writer);
  let bound = part;
  let code: Expr = u32(0);
  for (let bit = bits - 1; bit >= 0; bit--) {
    // The last of the levels that the bit stands for: alpha^(2^bit - 1).
    const last = squares.slice(0, bit).reduce<Expr | null>((product, square) => {
      return product === null ? square : writer.bind(`${prefix}_last`, op("f32.mul", product, square));
    }, null);
    const at = last === null ? bound : writer.bind(`${prefix}_bound`, op("f32.mul", bound, last));
    const isAbove = writer.bind(`${prefix}_above`, op("f32.ge", n, at));
    const part = op("u32.select", isAbove, u32(0), u32(2 ** bit));
    code = bit === bits - 1 ? part : op("u32.or", code, part);
    if (bit > 0) {
      const lower = op("f32.mul", bound, squares[bit] as Expr);
      bound = writer.bind(`${prefix}_bound`, op("f32.select", isAbove, bound, lower));
    }
  }
  return code;
}

/** base, base^2, base^4 ... */
function squaresOf(base: Expr, bits: number, prefix: string, writer: FragmentWriter): Expr[] {
  const squares = [base];
  for (let bit = 1; bit < bits; bit++) {
    const root = squares[bit - 1] as Expr;
    squares.push(writer.bind(`${prefix}_square`, op("f32.mul", root, root)));
  }
  return squares;
}

/** base^code: the product of base^1, base^2, base^4 ... where the code has a bit. */
function power(base: Expr, code: Expr, bits: number, state: StateVariables, writer: FragmentWriter): Expr {
  return squaresOf(base, bits, state.old.name, writer)
    .map((square, bit) => {
      const isSet = op("u32.gt", op("u32.and", code, u32(2 ** bit)), u32(0));
      return op("f32.select", isSet, square, f32(1));
    })
    .reduce((product, factor) => op("f32.mul", product, factor));
}

function greater(a: Expr, b: Expr): Expr {
  return op("f32.select", op("f32.gt", a, b), a, b);
}

function less(a: Expr, b: Expr): Expr {
  return op("f32.select", op("f32.lt", a, b), a, b);
}
