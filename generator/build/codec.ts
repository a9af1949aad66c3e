import { f32, lookup, op, u32 } from "../ir/expr.js";
import type { Fragment, KernelVariables, Segments, StateVariables, Table } from "../ir/types.js";
import type { TableCodec } from "../lower/plan.js";
import { segmentEncoder } from "../lower/segment-encoder.js";
import { nextLevels } from "../lower/tables.js";
import { countAtMost } from "./count.js";
import { countBySteps } from "./count-steps.js";
import type { Names } from "./names.js";
import { randomWord } from "./random.js";
import { FragmentWriter } from "./writer.js";

export interface CodecTables {
  readonly levels: Table;
  /** Ascending: the code, or the level below, is the number of entries <= n, the last counted once. */
  readonly search: Table;
  /** Of each bucket, where the encoder has buckets. */
  readonly bases: Table;
  /** Of each bucket, where the encoder has steps. */
  readonly steps: Table;
  /** Where the encoder has lines: that of each key, and of each line. */
  readonly lines: Table;
  readonly slopes: Table;
  readonly offsets: Table;
  /** From each level to the next; the last is not used. */
  readonly gaps: Table;
}

export function tablesOf(state: string, codec: TableCodec): CodecTables {
  const { lines, slopes, offsets } = codec.encoder.kind === "lines" ? codec.encoder : noLines;
  const gaps = codec.levels.map((level, index) => Math.fround((codec.levels[index + 1] ?? level) - level));
  return {
    levels: { name: `${state}_levels`, type: "f32", values: codec.levels },
    search:
      codec.rounding === "nearest"
        ? { name: `${state}_thresholds`, type: "f32", values: searched(codec.thresholds, codec) }
        : {
            name: `${state}_next_levels`,
            type: "f32",
            values: searched(nextLevels(codec.levels, codec.thresholds), codec),
          },
    bases: {
      name: `${state}_bases`,
      type: "u32",
      values: codec.encoder.kind === "bucket" ? codec.encoder.bases : [],
    },
    steps: {
      name: `${state}_steps`,
      type: "u32",
      values: "steps" in codec.encoder ? codec.encoder.steps : [],
    },
    lines: { name: `${state}_lines`, type: "u32", values: lines },
    slopes: { name: `${state}_slopes`, type: "f32", values: slopes },
    offsets: { name: `${state}_offsets`, type: "f32", values: offsets },
    gaps: { name: `${state}_gaps`, type: "f32", values: gaps },
  };
}

const noLines = { lines: [], slopes: [], offsets: [] };

/** Bisection asks for 2^bits - 1 entries. */
function searched(entries: readonly number[], { bits, encoder }: TableCodec): readonly number[] {
  if (encoder.kind !== "bisect") return entries;
  const missing = 2 ** bits - 1 - entries.length;
  return [...entries, ...Array<number>(missing).fill(entries.at(-1) as number)];
}

/** Of codes of whole or half bytes that stand for the nearest level, but for those of a uniform grid. */
export function segmentsOf({ bits, rounding, encoder, thresholds }: TableCodec): Segments | null {
  if (rounding !== "nearest" || (bits !== 4 && bits !== 8) || encoder.kind === "uniform") return null;
  // Of tables that have none it is remembered too.
  if (!found.has(thresholds)) found.set(thresholds, segmentEncoder(thresholds) ?? null);
  return found.get(thresholds) ?? null;
}

const found = new WeakMap<readonly number[], Segments | null>();

/** x = level * s. */
export function buildDecode(state: StateVariables, { levels }: CodecTables, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const level = lookup(levels, writer.input(state.code));
  writer.define(state.old, op("f32.mul", level, writer.input(state.scale)));
  return writer.finish(state.old);
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
  const inverse = writer.input(state.inverse);
  if (codec.rounding === "nearest" && codec.encoder.kind === "steps") {
    writer.define(state.newCode, countBySteps(x, inverse, codec.encoder, tables.steps, prefix, writer));
    return writer.finish(state.newCode);
  }
  const n = writer.bind(`${prefix}_normalized`, op("f32.mul", x, inverse));
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
