import { op, u32 } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, LogPositions, StateVariables } from "../ir/types.js";
import type { LogCodec } from "../lower/plan.js";
import type { Names } from "./names.js";
import { randomWordAt } from "./random.js";
import { FragmentWriter } from "./writer.js";

/** Of more bits less than the 27 would be left that are drawn. */
const MOST_BITS = 4;

/**
 * What is drawn of the way between levels (build/log-codec.ts), for codes that are found by logarithms.
 *
 * @param margin octaves within which levels are rounded, and by which what is drawn keeps off the ends of its part
 */
export function buildLogPositions(
  state: StateVariables,
  kernel: KernelVariables,
  codec: LogCodec,
  margin: number,
  names: Names,
): LogPositions | null {
  if (codec.bits < 2 || codec.bits > MOST_BITS) return null;
  const octaves = codec.rounding === "nearest" ? margin : 2 * margin;
  return { rest: buildRest(state, kernel, codec, names), octaves };
}

/** 1 - t: half of the way, or as the 27 bits that are drawn say, first the three of the element's part, then those of its place. */
function buildRest(
  state: StateVariables,
  kernel: KernelVariables,
  { bits, rounding }: LogCodec,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  writer.define(
    state.rest,
    rounding === "nearest" ? u32(2 ** (31 - bits)) : drawn(bits, state, kernel, writer),
  );
  return writer.finish(state.rest);
}

function drawn(bits: number, state: StateVariables, kernel: KernelVariables, writer: FragmentWriter): Expr {
  const element = writer.input(kernel.element);
  const random = randomWordAt(op("u32.shr", element, u32(3)), state, writer);
  const turned = op("u32.or", op("u32.shr", random, u32(3)), op("u32.shl", random, u32(29)));
  const left = op("u32.shr", op("u32.xor", turned, u32(0xffffffff)), u32(bits));
  return op("u32.xor", left, op("u32.shl", op("u32.and", element, u32(7)), u32(29 - bits)));
}
