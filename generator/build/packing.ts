import { op, u32 } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Names } from "./names.js";
import { FragmentWriter } from "./writer.js";

export interface Packing {
  readonly locate: Fragment;
  readonly unpack: Fragment;
  readonly pack: Fragment;
  readonly straddles: boolean;
}

/** Codes as a bitstream, the first in the lowest bits: code i at bits [i * bits, (i + 1) * bits) of a granule. */
export function buildPacking(
  state: StateVariables,
  kernel: KernelVariables,
  bits: number,
  names: Names,
): Packing {
  const straddles = 32 % bits !== 0;
  return {
    locate: locate(state, kernel, bits, names),
    unpack: unpack(state, bits, straddles, names),
    pack: pack(state, straddles, names),
    straddles,
  };
}

function locate(state: StateVariables, kernel: KernelVariables, bits: number, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const bit = writer.once(`${state.old.name}_bit`, op("u32.mul", writer.input(kernel.index), u32(bits)));
  writer.define(state.word, op("u32.shr", bit, u32(5)));
  writer.define(state.shift, op("u32.and", bit, u32(31)));
  return writer.finish(state.word, state.shift);
}

function unpack(state: StateVariables, bits: number, straddles: boolean, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const low = writer.input(state.low);
  const high = straddles ? writer.input(state.high) : undefined;
  const shift = writer.input(state.shift);
  const start = op("u32.shr", low, shift);
  const whole =
    high === undefined ? start : op("u32.or", start, op("u32.shl", op("u32.shl", high, u32(1)), rest(shift)));
  writer.define(state.code, op("u32.and", whole, u32(2 ** bits - 1)));
  return writer.finish(state.code);
}

function pack(state: StateVariables, straddles: boolean, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const code = writer.input(state.newCode);
  const shift = writer.input(state.shift);
  writer.define(state.low, op("u32.shl", code, shift));
  if (!straddles) return writer.finish(state.low);
  writer.define(state.high, op("u32.shr", op("u32.shr", code, u32(1)), rest(shift)));
  return writer.finish(state.low, state.high);
}

/** 31 - shift: with the shift by one before it, a shift by 32 - shift that is right for a shift of 0 as well. */
function rest(shift: Expr): Expr {
  return op("u32.sub", u32(31), shift);
}
