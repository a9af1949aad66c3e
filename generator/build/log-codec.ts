import { f32, op, u32, variable } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, Spread, StateVariables } from "../ir/types.js";
import { smallestNormal } from "../lower/float32.js";
import type { LogCodec } from "../lower/plan.js";
import { exp2, log2 } from "./logarithm.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** The lowest level is no less than this part of the scale, so that levels and what lies between them are normal. */
const LEAST_RATIO = 2 ** -100;
/** Where a run holds a zero, the lowest level is no more than this part of the scale. */
const MOST_RATIO_OF_ZEROS = 1 / 8;

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
export function buildSpread(state: StateVariables, codec: LogCodec, names: Names): Spread {
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
    rank: rank.finish(state.rank),
    alpha: alpha.finish(state.newAlpha),
    rate: buildRate(state, names),
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

/** All levels are one where alpha is 1, and none counts where it is 0: then each element takes the first. */
function buildRate(state: StateVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const alpha = writer.input(state.newAlpha);
  const prefix = state.old.name;
  const positive = writer.bind(
    `${prefix}_base`,
    op("f32.select", op("f32.gt", alpha, f32(0)), alpha, f32(1)),
  );
  const logarithm = writer.bind(`${prefix}_base_log`, log2(positive, `${prefix}_base_log`, writer));
  writer.define(
    state.rate,
    op("f32.select", op("f32.lt", logarithm, f32(0)), op("f32.div", f32(1), logarithm), f32(0)),
  );
  return writer.finish(state.rate);
}

/**
 * The place of n = x / s among the levels is log2(n) / log2(alpha), 0 for the greatest, rounded there. What is no normal
 * number above 0 counts as the least one, and so does NaN: it takes the lowest level.
 */
export function buildLogEncode(
  state: StateVariables,
  kernel: KernelVariables,
  codec: LogCodec,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const prefix = state.old.name;
  const top = 2 ** codec.bits - 1;
  const x = writer.input(state.value);
  const n = writer.bind(`${prefix}_normalized`, op("f32.mul", x, writer.input(state.inverse)));
  const [alpha, rate] = [writer.input(state.newAlpha), writer.input(state.rate)];
  const atNormal = writer.bind(`${prefix}_known`, greater(n, f32(smallestNormal)));
  const known = writer.bind(`${prefix}_known`, less(atNormal, f32(1)));
  const index = writer.bind(`${prefix}_index`, op("f32.mul", log2(known, `${prefix}_log`, writer), rate));
  const atLeast = writer.bind(`${prefix}_index`, greater(index, f32(0)));
  const within = writer.bind(`${prefix}_index`, less(atLeast, f32(top)));
  const nearest = op("f32.truncate", op("f32.add", within, f32(0.5)));
  const code =
    codec.rounding === "nearest"
      ? nearest
      : stochastic(n, within, nearest, alpha, codec, state, kernel, writer);
  writer.define(state.newCode, code);
  return writer.finish(state.newCode);
}

/** Down to the next level with the probability of what is left; a level itself never moves. */
function stochastic(
  n: Expr,
  index: Expr,
  nearest: Expr,
  alpha: Expr,
  { bits }: LogCodec,
  state: StateVariables,
  kernel: KernelVariables,
  writer: FragmentWriter,
): Expr {
  const prefix = state.old.name;
  const random = randomWord(state, kernel, writer);
  const unit = op("f32.mul", op("f32.from_u32", op("u32.shr", random, u32(8))), f32(2 ** -24));
  const above = writer.bind(`${prefix}_above`, op("f32.truncate", index));
  const rest = op("f32.sub", index, op("f32.from_u32", above));
  const down = op("u32.select", op("f32.lt", unit, rest), u32(1), u32(0));
  // The logarithm of a level is rounded: what equals the nearest level is not moved by that error.
  const near = writer.bind(`${prefix}_nearest`, nearest);
  const level = power(alpha, near, bits, state, writer);
  return op("u32.select", op("f32.eq", n, level), near, op("u32.add", above, down));
}

/** base^code: the product of base^1, base^2, base^4 ... where the code has a bit. */
function power(base: Expr, code: Expr, bits: number, state: StateVariables, writer: FragmentWriter): Expr {
  const prefix = state.old.name;
  let square = base;
  let product: Expr | undefined;
  for (let bit = 0; bit < bits; bit++) {
    if (bit > 0) square = writer.bind(`${prefix}_square`, op("f32.mul", square, square));
    const isSet = op("u32.gt", op("u32.and", code, u32(2 ** bit)), u32(0));
    const factor = op("f32.select", isSet, square, f32(1));
    product = product === undefined ? factor : op("f32.mul", product, factor);
  }
  return product ?? f32(1);
}

function greater(a: Expr, b: Expr): Expr {
  return op("f32.select", op("f32.gt", a, b), a, b);
}

function less(a: Expr, b: Expr): Expr {
  return op("f32.select", op("f32.lt", a, b), a, b);
}
