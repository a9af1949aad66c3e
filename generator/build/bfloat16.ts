import { op, u32 } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Rounding } from "../lower/plan.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** The 16 bits of a bfloat16, as u32: the upper half of a float32. */
export function decodeBfloat16(half: Expr): Expr {
  return op("f32.from_bits", op("u32.shl", half, u32(16)));
}

/** To the nearest bfloat16, ties to even: its bits. NaN stays NaN, infinity stays. */
export function encodeBfloat16(x: Expr, name: string, writer: FragmentWriter): Expr {
  const given = writer.once(name, x);
  const bits = writer.bind(`${name}_bits`, op("f32.bits", given));
  const truncated = op("u32.shr", bits, u32(16));
  const added = op("u32.add", u32(0x7fff), op("u32.and", truncated, u32(1)));
  return roundedHalf(given, bits, added);
}

/** The upper half of the bits of x after what is added to them; quiet where x is NaN. */
function roundedHalf(x: Expr, bits: Expr, added: Expr): Expr {
  const truncated = op("u32.shr", bits, u32(16));
  const rounded = op("u32.shr", op("u32.add", bits, added), u32(16));
  const quiet = op("u32.or", truncated, op("u32.select", op("f32.eq", x, x), u32(0), u32(0x40)));
  return op("u32.select", op("f32.is_finite", x), rounded, quiet);
}

export function buildBfloat16Decode(state: StateVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  writer.define(state.old, decodeBfloat16(writer.input(state.code)));
  return writer.finish(state.old);
}

/** To the nearest, ties to even; or up with the probability of the lower half. NaN stays NaN, infinity stays. */
export function buildBfloat16Encode(
  state: StateVariables,
  kernel: KernelVariables,
  rounding: Rounding,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const x = writer.input(state.value);
  if (rounding === "nearest") writer.define(state.newCode, encodeBfloat16(x, state.old.name, writer));
  else {
    const bits = writer.bind(`${state.old.name}_bits`, op("f32.bits", x));
    const added = op("u32.and", randomWord(state, kernel, writer), u32(0xffff));
    writer.define(state.newCode, roundedHalf(x, bits, added));
  }
  return writer.finish(state.newCode);
}
