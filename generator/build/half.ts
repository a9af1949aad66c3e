import type { Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Half, Rounding } from "../lower/plan.js";
import { decodeBfloat16, encodeBfloat16 } from "./bfloat16.js";
import { decodeFloat16, encodeFloat16 } from "./float16.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** The 16 bits of a value to the value, exactly. */
export function buildHalfDecode(dtype: Half, state: StateVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const code = writer.input(state.code);
  const value = dtype === "bf16" ? decodeBfloat16(code) : decodeFloat16(code, state.old.name, writer);
  writer.define(state.old, value);
  return writer.finish(state.old);
}

/** A value to 16 bits, rounded once. */
export function buildHalfEncode(
  dtype: Half,
  state: StateVariables,
  kernel: KernelVariables,
  rounding: Rounding,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const x = writer.input(state.value);
  const random = rounding === "stochastic" ? randomWord(state, kernel, writer) : null;
  const encode = dtype === "bf16" ? encodeBfloat16 : encodeFloat16;
  writer.define(state.newCode, encode(x, state.old.name, writer, random));
  return writer.finish(state.newCode);
}
