import { op, u32 } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Rounding } from "../lower/plan.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

/**
 * A parameter in two parts. The first 16 + w bits of its float32, as a whole number r, are
 *
 *   r = p * 2^w + c,   -2^(w-1) <= c < 2^(w-1)
 *
 * p being the bfloat16 nearest to the value of r (halfway away from zero) and c the correction, w bits in two's complement.
 */
export interface Master {
  /** w: 8 or 16. */
  readonly bits: number;
  /** Of the value to 16 + w bits; 32 bits need none. */
  readonly rounding: Rounding;
}

/** p and its correction to the value. */
export function buildMasterDecode(
  p: StateVariables,
  correction: StateVariables,
  { bits }: Master,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const half = writer.input(p.code);
  const rest = writer.input(correction.code);
  const negative = op("u32.shr", rest, u32(bits - 1));
  const upper = op("u32.shl", op("u32.sub", half, negative), u32(bits));
  const joined = op("u32.or", upper, rest);
  writer.define(p.old, op("f32.from_bits", bits === 16 ? joined : op("u32.shl", joined, u32(16 - bits))));
  return writer.finish(p.old);
}

/** The value to p, and to what p leaves of it, as a number: both from one rounding. */
export function buildMasterEncode(
  p: StateVariables,
  correction: StateVariables,
  kernel: KernelVariables,
  master: Master,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const kept = keptBits(p, kernel, master, writer);
  const half = op("u32.add", kept, u32(2 ** (master.bits - 1)));
  writer.define(p.newCode, op("u32.shr", half, u32(master.bits)));
  const rest = op("u32.and", kept, u32(2 ** master.bits - 1));
  writer.define(correction.value, op("f32.from_u32", rest));
  return writer.finish(p.newCode, correction.value);
}

/** That number to its bits. */
export function buildCorrectionEncode(correction: StateVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  writer.define(correction.newCode, op("f32.truncate", writer.input(correction.value)));
  return writer.finish(correction.newCode);
}

/** r: to the nearest, ties to even, or up with the probability of the bits cut off. NaN stays NaN with c = 0. */
function keptBits(
  p: StateVariables,
  kernel: KernelVariables,
  { bits: width, rounding }: Master,
  writer: FragmentWriter,
): Expr {
  const name = p.old.name;
  const x = writer.input(p.value);
  const random = rounding === "stochastic" ? randomWord(p, kernel, writer) : null;
  const bits = writer.bind(`${name}_bits`, op("f32.bits", x));
  const cut = 16 - width;
  const truncated = op("u32.shr", bits, u32(cut));
  const ones = 2 ** cut - 1;
  const added =
    random === null
      ? op("u32.add", u32(ones >>> 1), op("u32.and", truncated, u32(1)))
      : op("u32.and", random, u32(ones));
  const rounded = cut === 0 ? bits : op("u32.shr", op("u32.add", bits, added), u32(cut));
  const quiet = op("u32.select", op("f32.eq", x, x), u32(0), u32(0x40));
  const special = op("u32.shl", op("u32.or", op("u32.shr", bits, u32(16)), quiet), u32(width));
  return writer.bind(`${name}_kept`, op("u32.select", op("f32.is_finite", x), rounded, special));
}
