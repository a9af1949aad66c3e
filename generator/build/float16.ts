import { op, u32 } from "../ir/expr.js";
import type { Expr } from "../ir/types.js";
import type { FragmentWriter } from "./writer.js";

/**
 * float16 by its bits, on u32 alone, so that no device can round or flush what another does not: 1 sign bit, 5 of
 * exponent (bias 15, float32 has 127), 10 of fraction.
 */

/** What the exponent's bias differs by, where each format keeps its exponent. */
const REBIAS_FLOAT32 = (127 - 15) << 23;
const REBIAS_FLOAT16 = (127 - 15) << 10;
const INFINITY_16 = 0x7c00;

/** The 16 bits of a float16, as u32, to its value, exactly: subnormals, infinities and NaN too. */
export function decodeFloat16(half: Expr, name: string, writer: FragmentWriter): Expr {
  const given = writer.once(`${name}_half`, half);
  const magnitude = writer.bind(`${name}_magnitude`, op("u32.and", given, u32(0x7fff)));
  const moved = writer.bind(`${name}_moved`, op("u32.shl", magnitude, u32(13)));
  const isSpecial = op("u32.ge", magnitude, u32(INFINITY_16));
  const bias = op("u32.select", isSpecial, u32(2 * REBIAS_FLOAT32), u32(REBIAS_FLOAT32));
  // A subnormal is so many times 2^-24: with the implicit 1 that it does not have, 2^-14 more, and that is exact.
  const isSubnormal = op("u32.lt", magnitude, u32(0x400));
  const lifted = op("f32.from_bits", op("u32.add", moved, u32(REBIAS_FLOAT32 + 0x800000)));
  const subnormal = op("f32.bits", op("f32.sub", lifted, op("f32.from_bits", u32(0x38800000))));
  const bits = op("u32.select", isSubnormal, subnormal, op("u32.add", moved, bias));
  const sign = op("u32.shl", op("u32.and", given, u32(0x8000)), u32(16));
  return op("f32.from_bits", op("u32.or", bits, sign));
}

/**
 * To the nearest float16, ties to even: its bits. Beyond 65,520 an infinity, NaN a quiet NaN.
 *
 * @param random a word for stochastic rounding, away from zero with the probability of what is cut off
 */
export function encodeFloat16(
  x: Expr,
  name: string,
  writer: FragmentWriter,
  random: Expr | null = null,
): Expr {
  const shifted = (value: Expr, places: Expr): Expr =>
    random === null ? shiftToEven(value, places) : shiftAtRandom(value, places, random);
  const bits = writer.bind(`${name}_bits`, op("f32.bits", x));
  const magnitude = writer.bind(`${name}_magnitude`, op("u32.and", bits, u32(0x7fffffff)));
  const rounded = op("u32.sub", shifted(magnitude, u32(13)), u32(REBIAS_FLOAT16));
  const normal = writer.bind(`${name}_normal`, rounded);
  const finite = op("u32.select", op("u32.lt", normal, u32(INFINITY_16)), normal, u32(INFINITY_16));

  // Below 2^-14 the fraction with its implicit 1 counts multiples of 2^-24, of which 25 places leave nothing to the
  // nearest; at random there is a chance of going up to 2^-24 that 31 places keep, cut to a multiple of 2^-31.
  const most = random === null ? 25 : 31;
  const exponent = op("u32.shr", magnitude, u32(23));
  const places = writer.bind(`${name}_places`, op("u32.sub", u32(126), exponent));
  const shift = writer.bind(
    `${name}_shift`,
    op("u32.select", op("u32.lt", places, u32(most)), places, u32(most)),
  );
  const fraction = writer.bind(
    `${name}_fraction`,
    op("u32.or", op("u32.and", magnitude, u32(0x7fffff)), u32(0x800000)),
  );
  const kept = random === null ? fraction : op("u32.shr", fraction, beyond(places, most));
  const isNormal = op("u32.ge", magnitude, u32(0x38800000));
  const number = op("u32.select", isNormal, finite, shifted(kept, shift));
  const isNan = op("u32.gt", magnitude, u32(0x7f800000));
  const sign = op("u32.and", op("u32.shr", bits, u32(16)), u32(0x8000));
  return op("u32.or", op("u32.select", isNan, u32(0x7e00), number), sign);
}

/** x / 2^places to the nearest whole number, ties to even; places from 1 on. */
function shiftToEven(x: Expr, places: Expr): Expr {
  const odd = op("u32.and", op("u32.shr", x, places), u32(1));
  const half = op("u32.sub", op("u32.shl", u32(1), op("u32.sub", places, u32(1))), u32(1));
  return op("u32.shr", op("u32.add", op("u32.add", x, half), odd), places);
}

/** x / 2^places, up with the probability of the places cut off; a whole number stays. */
function shiftAtRandom(x: Expr, places: Expr, random: Expr): Expr {
  const ones = op("u32.sub", op("u32.shl", u32(1), places), u32(1));
  return op("u32.shr", op("u32.add", x, op("u32.and", random, ones)), places);
}

/** How many places there are beyond the most, of which 31 leave nothing of a fraction. */
function beyond(places: Expr, most: number): Expr {
  const rest = op("u32.sub", places, u32(most));
  const some = op("u32.select", op("u32.lt", rest, u32(31)), rest, u32(31));
  return op("u32.select", op("u32.gt", places, u32(most)), some, u32(0));
}
