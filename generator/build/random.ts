import { op, u32, variable } from "../ir/expr.js";
import type { Expr, Fragment, KernelVariables, StateVariables } from "../ir/types.js";
import type { Names } from "./names.js";
import { FragmentWriter } from "./writer.js";

/** 2^32 / golden ratio: multiples of it visit every u32 and lie far apart. */
const WEYL = 0x9e3779b9;

/**
 * A bijection of x for each k: two rounds of xor-shift and multiply (the constants are Wellons' lowbias32), with the
 * key added between them, so that two keys do not give two places in one sequence.
 */
function mix(x: Expr, k: Expr, writer: FragmentWriter, name: string): Expr {
  const first = writer.bind(
    name,
    op("u32.add", op("u32.mul", xorShift(writer.once(name, x), 16), u32(0x7feb352d)), k),
  );
  const second = writer.bind(name, op("u32.mul", xorShift(first, 15), u32(0x846ca68b)));
  return xorShift(second, 16);
}

function xorShift(x: Expr, by: number): Expr {
  return op("u32.xor", x, op("u32.shr", x, u32(by)));
}

/** Takes one more word into a pair of keys. */
function absorb(
  [a, b]: readonly [Expr, Expr],
  word: Expr,
  writer: FragmentWriter,
  name: string,
): [Expr, Expr] {
  return [
    mix(op("u32.xor", a, word), b, writer, name),
    mix(op("u32.add", b, word), op("u32.xor", a, u32(WEYL)), writer, name),
  ];
}

/** The step's keys of a state, a tensor's id and the high word of an element's index to the keys of its elements. */
export function buildStream(state: StateVariables, kernel: KernelVariables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const name = `${state.old.name}_hash`;
  const keys = [variable(state.key0), variable(state.key1)] as const;
  const [a, b] = absorb(keys, writer.input(kernel.tensorId), writer, name);
  const tensor = [writer.bind(name, a), writer.bind(name, b)] as const;
  const [stream0, stream1] = absorb(tensor, writer.input(kernel.elementHigh), writer, name);
  writer.define(state.stream0, stream0);
  writer.define(state.stream1, stream1);
  return writer.finish(state.stream0, state.stream1);
}

/** The random word of an element, from its tensor's keys and the low word of its index. */
export function randomWord(state: StateVariables, kernel: KernelVariables, writer: FragmentWriter): Expr {
  return randomWordAt(writer.input(kernel.element), state, writer);
}

/** The same of a group of elements, by the low word of the group's index. */
export function randomWordAt(index: Expr, state: StateVariables, writer: FragmentWriter): Expr {
  const name = `${state.old.name}_random`;
  const stream0 = writer.input(state.stream0);
  const stream1 = writer.input(state.stream1);
  const counter = op("u32.add", stream0, op("u32.mul", index, u32(WEYL)));
  return writer.bind(name, mix(counter, stream1, writer, name));
}
