import { f32, lookup, op, u32 } from "../ir/expr.js";
import type { Fragment, KernelVariables, ScaleRun, StateVariables, Statistic, Table } from "../ir/types.js";
import { smallestNormal } from "../lower/float32.js";
import type { TableCodec } from "../lower/plan.js";
import { countAtMost } from "./count.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

export interface CodecTables {
  readonly levels: Table;
  /** Ascending, 2^bits - 1: the code, or the level below, is the number of entries <= n. */
  readonly search: Table;
  /** Of each bucket, where the encoder has buckets. */
  readonly bases: Table;
  /** From each level to the next; the last is not used. */
  readonly gaps: Table;
}

export function tablesOf(state: string, codec: TableCodec): CodecTables {
  const gaps = codec.levels.map((level, index) => Math.fround((codec.levels[index + 1] ?? level) - level));
  return {
    levels: { name: `${state}_levels`, type: "f32", values: codec.levels },
    search:
      codec.rounding === "nearest"
        ? { name: `${state}_thresholds`, type: "f32", values: codec.thresholds }
        : { name: `${state}_next_levels`, type: "f32", values: codec.levels.slice(1) },
    bases: {
      name: `${state}_bases`,
      type: "u32",
      values: codec.encoder.kind === "bucket" ? codec.encoder.bases : [],
    },
    gaps: { name: `${state}_gaps`, type: "f32", values: gaps },
  };
}

/** x = level * s. */
export function buildDecode(state: StateVariables, { levels }: CodecTables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const level = lookup(levels, writer.input(state.code));
  writer.define(state.old, op("f32.mul", level, writer.input(state.scale)));
  return writer.finish(state.old);
}

/**
 * The scale of a run: the greatest |x| over its finite x, and 0 below the smallest normal float. A maximum in global
 * memory becomes the scale as it is, so there each |x| below the smallest normal float already counts as 0.
 */
export function buildStatistic(
  state: StateVariables,
  run: ScaleRun,
  source: "tile" | "global",
  names: Names,
): Statistic {
  const magnitude = new FragmentWriter(names);
  const x = magnitude.input(state.value);
  const size = magnitude.bind(`${state.old.name}_size`, op("f32.abs", x));
  const finite = op("f32.is_finite", x);
  const counts = source === "tile" ? finite : op("bool.and", finite, op("f32.ge", size, f32(smallestNormal)));
  magnitude.define(state.magnitude, op("f32.select", counts, size, f32(0)));

  const scale = new FragmentWriter(names);
  const absmax = scale.input(state.absmax);
  const kept = scale.define(
    state.newScale,
    op("f32.select", op("f32.ge", absmax, f32(smallestNormal)), absmax, f32(0)),
  );
  const inverse = op("f32.select", op("f32.gt", kept, f32(0)), op("f32.div", f32(1), kept), f32(0));
  scale.define(state.inverse, inverse);
  return {
    run,
    source,
    magnitude: magnitude.finish(state.magnitude),
    scale: scale.finish(state.newScale, state.inverse),
  };
}

export function buildEncode(
  state: StateVariables,
  kernel: KernelVariables,
  codec: TableCodec,
  tables: CodecTables,
  names: Names,
): Fragment {
  const writer = new FragmentWriter(names);
  const x = writer.input(state.value);
  const prefix = state.old.name;
  const n = writer.bind(`${prefix}_normalized`, op("f32.mul", x, writer.input(state.inverse)));
  if (codec.rounding === "nearest") {
    writer.define(state.newCode, countAtMost(n, codec, tables, prefix, writer));
    return writer.finish(state.newCode);
  }

  const random = randomWord(state, kernel, writer);
  const top = f32(codec.levels.at(-1) as number);
  // At the top the level itself, not n, which a device may not have rounded: what is left of it would go up once more.
  const clamped = writer.bind(`${prefix}_clamped`, op("f32.select", op("f32.ge", n, top), top, n));
  const below = writer.once(`${prefix}_below`, countAtMost(clamped, codec, tables, prefix, writer));
  const unit = op("f32.mul", op("f32.from_u32", op("u32.shr", random, u32(8))), f32(2 ** -24));
  const rest = op("f32.sub", clamped, lookup(tables.levels, below));
  const up = op("f32.lt", op("f32.mul", unit, lookup(tables.gaps, below)), rest);
  writer.define(state.newCode, op("u32.add", below, op("u32.select", up, u32(1), u32(0))));
  return writer.finish(state.newCode);
}
