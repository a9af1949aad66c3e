import { f32, op, u32 } from "../ir/expr.js";
import type { Expr, Fragment, HalfScale, StateVariables, Statistic } from "../ir/types.js";
import { smallestNormal } from "../lower/float32.js";
import type { QuantizedCodec, ScaleFormat } from "../lower/plan.js";
import { decodeBfloat16, encodeBfloat16 } from "./bfloat16.js";
import { decodeFloat16, encodeFloat16 } from "./float16.js";
import type { Names } from "./names.js";
import { FragmentWriter } from "./writer.js";

type HalfFormat = Exclude<ScaleFormat, "f32">;

/**
 * The scale of a run: the greatest |x| over its finite x, and 0 below the smallest normal float. A maximum in global
 * memory becomes the scale as it is, so there each |x| below the smallest normal float already counts as 0; so it does
 * where magnitudes are put in order, as one that a device may read as zero would change that.
 */
export function buildStatistic(
  state: StateVariables,
  codec: QuantizedCodec,
  source: "tile" | "global",
  names: Names,
): Statistic {
  const { scale: format, normalize } = codec;
  return {
    run: typeof normalize === "string" ? normalize : normalize.block,
    source,
    magnitude: magnitude(state, source === "global" || codec.kind === "log", names),
    scale: scale(state, codec, names),
    spread: null,
    half: format === "f32" ? null : halfScale(state, format, codec, names),
  };
}

function magnitude(state: StateVariables, isNormal: boolean, names: Names): Fragment {
  const writer = new FragmentWriter(names);
  const x = writer.input(state.value);
  const size = writer.bind(`${state.old.name}_size`, op("f32.abs", x));
  const finite = op("f32.is_finite", x);
  const counts = isNormal ? op("bool.and", finite, op("f32.ge", size, f32(smallestNormal))) : finite;
  writer.define(state.magnitude, op("f32.select", counts, size, f32(0)));
  return writer.finish(state.magnitude);
}

function scale(state: StateVariables, codec: QuantizedCodec, names: Names): Fragment {
  const { scale: format, scaleOf } = codec;
  const writer = new FragmentWriter(names);
  const absmax = writer.input(state.absmax);
  const isNormal = op("f32.ge", absmax, f32(smallestNormal));
  const kept = op("f32.select", isNormal, absmax, f32(0));
  const outputs = [state.newScale, state.inverse];
  if (format === "f32") writer.define(state.newScale, kept);
  else {
    const name = `${state.old.name}_rounded`;
    const given = writer.bind(name, scaleOf === "root" ? op("f32.sqrt", kept) : kept);
    const most = f32(largest(format, scaleOf));
    const finite = writer.bind(name, op("f32.select", op("f32.lt", given, most), given, most));
    const code = writer.define(state.newScaleCode, encoders[format](finite, name, writer));
    writer.define(state.newScale, valueOfCode(code, format, codec, name, writer));
    outputs.push(state.newScaleCode);
  }
  const { newScale } = state;
  const stored: Expr = { kind: "variable", ...newScale };
  const inverse = op("f32.select", op("f32.gt", stored, f32(0)), op("f32.div", f32(1), stored), f32(0));
  writer.define(state.inverse, inverse);
  return writer.finish(...outputs);
}

/** The bits of 16-bit scales: two a word, the earlier run's in the low half. */
function halfScale(
  state: StateVariables,
  format: HalfFormat,
  codec: QuantizedCodec,
  names: Names,
): HalfScale {
  const [locate, unpack, decode, pack] = [0, 1, 2, 3].map(() => new FragmentWriter(names)) as [
    FragmentWriter,
    FragmentWriter,
    FragmentWriter,
    FragmentWriter,
  ];
  const run = locate.input(state.scaleRun);
  locate.define(state.scaleWord, op("u32.shr", run, u32(1)));
  locate.define(state.scaleShift, op("u32.shl", op("u32.and", run, u32(1)), u32(4)));

  const start = op("u32.shr", unpack.input(state.scaleBits), unpack.input(state.scaleShift));
  unpack.define(state.scaleCode, op("u32.and", start, u32(0xffff)));

  const name = `${state.old.name}_stored`;
  decode.define(state.scale, valueOfCode(decode.input(state.scaleCode), format, codec, name, decode));

  pack.define(state.scaleBits, op("u32.shl", pack.input(state.newScaleCode), pack.input(state.scaleShift)));
  return {
    locate: locate.finish(state.scaleWord, state.scaleShift),
    unpack: unpack.finish(state.scaleCode),
    decode: decode.finish(state.scale),
    pack: pack.finish(state.scaleBits),
  };
}

const encoders: Readonly<Record<HalfFormat, (x: Expr, name: string, writer: FragmentWriter) => Expr>> = {
  f16: encodeFloat16,
  bf16: encodeBfloat16,
};

const decoders: Readonly<Record<HalfFormat, (half: Expr, name: string, writer: FragmentWriter) => Expr>> = {
  f16: decodeFloat16,
  bf16: decodeBfloat16,
};

function valueOfCode(
  code: Expr,
  format: HalfFormat,
  { scaleOf }: QuantizedCodec,
  name: string,
  writer: FragmentWriter,
): Expr {
  const value = decoders[format](code, name, writer);
  if (scaleOf === "absmax") return value;
  const root = writer.once(`${name}_root`, value);
  return op("f32.mul", root, root);
}

/** The largest finite value, so that no scale is infinite; of roots, the largest whose square is finite. */
function largest(format: HalfFormat, scaleOf: QuantizedCodec["scaleOf"]): number {
  if (format === "f16") return 65504;
  return (2 - 2 ** -7) * 2 ** (scaleOf === "root" ? 63 : 127);
}
