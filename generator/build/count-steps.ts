import { f32, lookup, op, u32 } from "../ir/expr.js";
import type { Expr, Table } from "../ir/types.js";
import type { OrderedEncoder } from "../lower/ordered-encoder.js";
import { MIDDLE, type StepEncoder } from "../lower/step-encoder.js";
import type { FragmentWriter } from "./writer.js";

/**
 * How many thresholds are <= n = x * inverse, 0 for NaN. The size of n finds a word in which its bucket's code and threshold
 * stand (lower/step-encoder.ts).
 *
 * @param inverse zero or more; null where x is n already
 */
export function countBySteps(
  x: Expr,
  inverse: Expr | null,
  { shift, width, low, high, signed, steps }: StepEncoder,
  table: Table,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const normalized = (size: Expr): Expr => (inverse === null ? size : op("f32.mul", size, inverse));
  const room = 32 - width;
  const name = `${prefix}_normalized`;
  const least = f32(floatOf(low * 2 ** shift));
  const raised = (size: Expr): Expr => op("f32.select", op("f32.gt", size, least), size, least);
  if (!signed) {
    const size = writer.bind(name, raised(writer.bind(name, op("f32.saturate", normalized(x)))));
    const step = lookup(table, op("u32.sub", op("f32.leading", size, u32(shift)), u32(low)));
    return highest(op("u32.add", op("u32.shl", op("f32.bits", size), u32(room - shift)), step), room);
  }

  const most = f32(floatOf(high * 2 ** shift));
  const given = writer.bind(name, normalized(x));
  const magnitude = op("f32.abs", given);
  // NaN is lowered to the greatest size, and counts as negative.
  const lowered = writer.bind(name, op("f32.select", op("f32.lt", magnitude, most), magnitude, most));
  const above = op("u32.add", op("f32.bits", lowered), u32(MIDDLE - low * 2 ** shift));
  const middle = u32(MIDDLE);
  const size = writer.bind(`${prefix}_size`, op("u32.select", op("u32.gt", above, middle), above, middle));
  const falling = op("u32.sub", u32(0), size);
  const ordered = writer.bind(
    `${prefix}_ordered`,
    op("u32.select", op("f32.ge", given, f32(0)), size, falling),
  );
  const first = MIDDLE / 2 ** shift - steps.length / 2;
  const step = lookup(table, op("u32.sub", op("u32.shr", ordered, u32(shift)), u32(first)));
  return highest(op("u32.add", op("u32.mul", ordered, u32(2 ** (room - shift))), step), room);
}

/** The same, where the bits of n itself find the word (lower/ordered-encoder.ts). */
export function countInOrder(
  n: Expr,
  { shift, width }: OrderedEncoder,
  table: Table,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const room = 32 - width;
  const bits = writer.bind(`${prefix}_bits`, op("f32.bits", n));
  const step = lookup(table, op("u32.shr", bits, u32(shift)));
  return highest(op("u32.add", op("u32.mul", bits, op("u32.slope", bits)), step), room);
}

const highest = (sum: Expr, room: number): Expr => op("u32.shr", sum, u32(room));

function floatOf(bits: number): number {
  return new Float32Array(new Uint32Array([bits]).buffer)[0] as number;
}
