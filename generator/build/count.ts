import { f32, lookup, op, u32 } from "../ir/expr.js";
import type { Expr, Table } from "../ir/types.js";
import type { BucketEncoder, HalvingEncoder, UniformEncoder } from "../lower/encoder.js";
import type { LineEncoder } from "../lower/line-encoder.js";
import type { TableCodec } from "../lower/plan.js";
import type { CodecTables } from "./codec.js";
import { countBySteps, countInOrder } from "./count-steps.js";
import type { FragmentWriter } from "./writer.js";

/** How many entries of a codec's search table are <= n: 0 for NaN. */
export function countAtMost(
  n: Expr,
  codec: TableCodec,
  tables: CodecTables,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const { encoder, bits } = codec;
  const most = codec.thresholds.length;
  switch (encoder.kind) {
    case "uniform":
      return byArithmetic(n, encoder, most, prefix, writer);
    case "bucket":
      return byBucket(n, encoder, tables, prefix, writer);
    case "lines":
      return byLine(n, encoder, tables, prefix, writer);
    case "ordered":
      return countInOrder(n, encoder, tables.steps, prefix, writer);
    case "steps":
      return countBySteps(n, null, encoder, tables.steps, prefix, writer);
    case "halving":
      return byHalves(n, encoder, prefix, writer);
    case "bisect":
      return byBisection(n, tables.search, bits, most, prefix, writer);
  }
}

/** floor(n * scale + offset), clamped to the codes. */
function byArithmetic(
  n: Expr,
  { scale, offset, isWithin }: UniformEncoder,
  most: number,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const given = isWithin ? op("f32.saturate", n) : n;
  const position = writer.bind(
    `${prefix}_position`,
    op("f32.add", op("f32.mul", given, f32(scale)), f32(offset)),
  );
  if (isWithin) return op("f32.truncate", position);
  const top = f32(most);
  const below = writer.bind(
    `${prefix}_position`,
    op("f32.select", op("f32.gt", position, f32(0)), position, f32(0)),
  );
  return op("f32.truncate", op("f32.select", op("f32.lt", below, top), below, top));
}

/** The bucket of n's leading bits, and one comparison with the only entry that may lie in it. */
function byBucket(
  n: Expr,
  { shift, low, high, signed, bases }: BucketEncoder,
  tables: CodecTables,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const ordered = orderedBy(n, signed, prefix, writer);
  const size = signed ? op("f32.abs", ordered) : ordered;
  const within = leadingWithin(size, { shift, low, high }, prefix, writer);
  const half = u32(bases.length / 2);
  const bucket = signed
    ? op("u32.add", within, op("u32.select", op("f32.lt", ordered, f32(0)), half, u32(0)))
    : within;
  const base = writer.bind(`${prefix}_least`, lookup(tables.bases, bucket));
  return compared(ordered, base, tables);
}

/** The line of n's leading bits, and one comparison with the entry that it gives. */
function byLine(
  n: Expr,
  { shift, low, high, top, positive, negative }: LineEncoder,
  tables: CodecTables,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const ordered = orderedBy(n, negative !== null, prefix, writer);
  const size = negative === null ? ordered : writer.bind(`${prefix}_size`, op("f32.abs", ordered));
  const within = leadingWithin(size, { shift, low, high }, prefix, writer);
  const line = writer.bind(`${prefix}_line`, lookup(tables.lines, within));
  const sloped = op("f32.mul", size, lookup(tables.slopes, line));
  const position = writer.bind(`${prefix}_position`, op("f32.add", sloped, lookup(tables.offsets, line)));
  const below = op("f32.select", op("f32.lt", position, f32(top)), position, f32(top));
  const nearest = writer.bind(`${prefix}_nearest`, op("f32.truncate", below));
  if (negative === null) return compared(ordered, nearest, tables);
  const least = op("u32.select", op("u32.lt", nearest, u32(negative)), nearest, u32(negative));
  const entry = op(
    "u32.select",
    op("f32.lt", ordered, f32(0)),
    op("u32.sub", u32(negative), top <= negative ? nearest : least),
    op("u32.add", nearest, u32(positive)),
  );
  return compared(ordered, writer.bind(`${prefix}_least`, entry), tables);
}

/** NaN counts as what lies below every entry; so does a negative n where no entry is negative. */
function orderedBy(n: Expr, signed: boolean, prefix: string, writer: FragmentWriter): Expr {
  const least = f32(signed ? -2 : 0);
  return writer.bind(`${prefix}_ordered`, op("f32.select", op("f32.gt", n, least), n, least));
}

/** The leading bits of a size, clamped and counted from the lowest. */
function leadingWithin(
  size: Expr,
  { shift, low, high }: Pick<BucketEncoder, "shift" | "low" | "high">,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const key = writer.bind(`${prefix}_key`, op("f32.leading", size, u32(shift)));
  const atLeast = writer.bind(`${prefix}_key`, op("u32.select", op("u32.gt", key, u32(low)), key, u32(low)));
  const within = op("u32.select", op("u32.lt", atLeast, u32(high)), atLeast, u32(high));
  return op("u32.sub", within, u32(low));
}

/** How many entries are <= n, which no more than one of those above the first `count` may be. */
function compared(n: Expr, count: Expr, { search }: CodecTables): Expr {
  const more = op("f32.ge", n, lookup(search, count));
  return op("u32.add", count, op("u32.select", more, u32(1), u32(0)));
}

/** A comparison for each bit of a code of two, which is their sum. */
function byHalves(
  n: Expr,
  { lower, middle, upper }: HalvingEncoder,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  const above = writer.bind(`${prefix}_above`, op("f32.ge", n, f32(middle)));
  const entry = writer.bind(`${prefix}_entry`, op("f32.select", above, f32(upper), f32(lower)));
  const more = writer.bind(`${prefix}_above`, op("f32.ge", n, entry));
  return op("u32.add", op("u32.select", above, u32(2), u32(0)), op("u32.select", more, u32(1), u32(0)));
}

/** One comparison a bit, the highest first. Where there are fewer entries than codes the last one is repeated. */
function byBisection(
  n: Expr,
  table: Table,
  bits: number,
  most: number,
  prefix: string,
  writer: FragmentWriter,
): Expr {
  let count: Expr = u32(0);
  for (let bit = bits - 1; bit >= 0; bit--) {
    const entry = lookup(table, op("u32.add", count, u32(2 ** bit - 1)));
    const more = op("u32.select", op("f32.ge", n, entry), u32(2 ** bit), u32(0));
    const sum = bit === bits - 1 ? more : op("u32.add", count, more);
    count = bit === 0 ? sum : writer.bind(`${prefix}_count`, sum);
  }
  if (most === 2 ** bits - 1) return count;
  const whole = writer.bind(`${prefix}_count`, count);
  return op("u32.select", op("u32.lt", whole, u32(most)), whole, u32(most));
}
