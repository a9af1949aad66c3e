import { f32, op, u32 } from "../ir/expr.js";
import type { Expr } from "../ir/types.js";
import type { FragmentWriter } from "./writer.js";

/**
 * log2 and exp2 of IR operations, so that they are the same on every exact target. Coefficients: minimax over the
 * reduced argument (Lawson's iteration, relative error), each rounded to float32.
 */

/** (log2(1 + f) - f) / f for f in [sqrt(1/2) - 1, sqrt(2) - 1], the lowest power first. */
const LOGARITHM = [
  0.4426950514316559, -0.7213473320007324, 0.4808979034423828, -0.3606964349746704, 0.28858527541160583,
  -0.23963657021522522, 0.20429615676403046, -0.19061289727687836, 0.18782590329647064, -0.11297335475683212,
];

/** (2^f - 1) / f for f in [-1/2, 1/2]. */
const POWER = [
  0.6931471824645996, 0.24022650718688965, 0.055503569543361664, 0.009618030861020088, 0.0013390866806730628,
  0.0001546973071526736,
];

/** The bits of sqrt(1/2), rounded down: fractions are taken from there to sqrt(2). */
const ROOT_OF_HALF = 0x3f3504f3;
const ONE = 0x3f800000;

/** log2 of a normal x above 0: x = 2^e (1 + f), e + (f + f q(f)). Within 1.4 ulp, and monotone. */
export function log2(x: Expr, name: string, writer: FragmentWriter): Expr {
  const bits = writer.bind(`${name}_bits`, op("u32.add", op("f32.bits", x), u32(ONE - ROOT_OF_HALF)));
  const exponent = op("f32.sub", op("f32.from_u32", op("u32.shr", bits, u32(23))), f32(127));
  const fraction = op("f32.from_bits", op("u32.add", op("u32.and", bits, u32(0x7fffff)), u32(ROOT_OF_HALF)));
  const f = writer.bind(`${name}_fraction`, op("f32.sub", fraction, f32(1)));
  const rest = op("f32.mul", f, polynomial(f, LOGARITHM, name, writer));
  return op("f32.add", exponent, op("f32.add", f, rest));
}

/** 2^y of y in [-126, 0]: with k the whole number nearest to y, 2^k (1 + f q(f)). Within 1.2 ulp, and monotone. */
export function exp2(y: Expr, name: string, writer: FragmentWriter): Expr {
  const given = writer.once(name, y);
  const biased = writer.bind(`${name}_exponent`, op("f32.truncate", op("f32.add", given, f32(127.5))));
  const whole = op("f32.sub", op("f32.from_u32", biased), f32(127));
  const f = writer.bind(`${name}_fraction`, op("f32.sub", given, whole));
  const rest = op("f32.mul", f, polynomial(f, POWER, name, writer));
  return op("f32.mul", op("f32.add", f32(1), rest), op("f32.from_bits", op("u32.shl", biased, u32(23))));
}

/** Horner's rule, the highest power first. */
function polynomial(f: Expr, coefficients: readonly number[], name: string, writer: FragmentWriter): Expr {
  return coefficients
    .map((coefficient) => f32(coefficient))
    .reduceRight((sum, next) => op("f32.add", op("f32.mul", writer.once(`${name}_sum`, sum), f), next));
}
