import { op, u32 } from "../ir/expr.js";
import type { Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Rounding } from "../lower/plan.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** bfloat16 is the upper half of a float32. */
export function buildBfloat16Decode(state: StateVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  writer.define(state.old, op("f32.from_bits", op("u32.shl", writer.input(state.code), u32(16))));
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
  const bits = writer.bind(`${state.old.name}_bits`, op("f32.bits", x));
  const truncated = op("u32.shr", bits, u32(16));
  const added =
    rounding === "nearest"
      ? op("u32.add", u32(0x7fff), op("u32.and", truncated, u32(1)))
      : op("u32.and", randomWord(state, kernel, writer), u32(0xffff));
  const rounded = op("u32.shr", op("u32.add", bits, added), u32(16));
  const quiet = op("u32.or", truncated, op("u32.select", op("f32.eq", x, x), u32(0), u32(0x40)));
  writer.define(state.newCode, op("u32.select", op("f32.is_finite", x), rounded, quiet));
  return writer.finish(state.newCode);
}
