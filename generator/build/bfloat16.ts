import { op, u32 } from "../ir/expr.js";
import type { Expr } from "../ir/types.js";
import type { FragmentWriter } from "./writer.js";

/** bfloat16 is the upper half of a float32. */
export function decodeBfloat16(half: Expr): Expr {
  return op("f32.from_bits", op("u32.shl", half, u32(16)));
}

/**
 * To the nearest, ties to even; or up with the probability of the lower half. NaN stays NaN, infinity stays.
 *
 * @param random a word for stochastic rounding; null for nearest
 */
export function encodeBfloat16(
  given: Expr,
  name: string,
  writer: FragmentWriter,
  random: Expr | null = null,
): Expr {
  const x = writer.once(name, given);
  const bits = writer.bind(`${name}_bits`, op("f32.bits", x));
  const truncated = op("u32.shr", bits, u32(16));
  const rounded =
    random === null
      ? op("u32.bfloat16", bits)
      : op("u32.shr", op("u32.add", bits, op("u32.and", random, u32(0xffff))), u32(16));
  const quiet = op("u32.or", truncated, op("u32.select", op("f32.eq", x, x), u32(0), u32(0x40)));
  return op("u32.select", op("f32.is_finite", x), rounded, quiet);
}
