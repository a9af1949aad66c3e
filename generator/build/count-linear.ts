import { f32, lookup, op, u32 } from "../ir/expr.js";
import type { Expr, Table } from "../ir/types.js";
import type { LinearEncoder } from "../lower/linear-encoder.js";
import type { FragmentWriter } from "./writer.js";

/** The least subnormal number: a number below 2^23 of them is a whole number, as bits. */
const UNIT = 2 ** -149;

/** How many thresholds are <= n, 0 for NaN (lower/linear-encoder.ts). */
export function countLinearly(
  n: Expr,
  { last }: LinearEncoder,
  table: Table,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const half = op("f32.add", op("f32.mul", n, f32(0.5)), f32(0.5));
  const within = writer.bind(`${prefix}_within`, op("f32.saturate", half));
  const bucket = writer.bind(`${prefix}_bucket`, op("f32.bits", op("f32.mul", within, f32(last * UNIT))));
  const first = writer.bind(`${prefix}_entry`, op("u32.shl", bucket, u32(1)));
  const below = writer.bind(`${prefix}_below`, lookup(table, first));
  const threshold = writer.bind(`${prefix}_threshold`, lookup(table, op("u32.add", first, u32(1))));
  const isAbove = writer.bind(`${prefix}_passed`, op("f32.ge", n, threshold));
  return op("u32.add", op("f32.truncate", below), op("u32.select", isAbove, u32(1), u32(0)));
}
