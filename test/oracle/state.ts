import { float32 } from "./arithmetic.js";
import { decodeBf16, nearestBf16, stochasticBf16 } from "./bfloat16.js";
import {
  bookOf,
  type Codebook,
  decode,
  encode,
  measure,
  type Normalize,
  type Random,
  type Rounding,
} from "./codec.js";
import { groupsOf } from "./groups.js";
import { decodeLog, encodeLog, type LogMapping } from "./log.js";
import { pack, unpack } from "./packing.js";
import { roundedScale, type ScaleFormat, scaleOfBits } from "./scale.js";
import type { Mapping } from "./tables.js";
import { sizeOf } from "./view.js";

/** How a state is stored. A tensor with fewer than `minSize` elements keeps it as float32. */
export type StateCodec =
  | {
      readonly bits: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
      readonly signed: boolean;
      readonly mapping: Mapping;
      readonly normalize: Normalize;
      /** f32 where it is left out. */
      readonly scale?: "f32" | "f16" | "bf16";
      readonly rounding: Rounding;
      readonly minSize: number;
    }
  | {
      readonly bits: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
      readonly signed: false;
      readonly mapping: LogMapping;
      readonly normalize: { readonly block: number };
      readonly rounding: Rounding;
      readonly minSize: number;
    }
  | { readonly bits: 16; readonly rounding: Rounding; readonly minSize: number }
  | { readonly bits: 32 };

/** A stored state. `values` is what it decodes to: what the next step reads. */
export type StoredState =
  | {
      readonly kind: "codes";
      /** The packed codes: see packing.ts. */
      readonly words: Uint32Array;
      /** One for each run, 0 where the absmax counted as 0; in 16 bits two a word, the earlier run's low. */
      readonly scales: Float32Array | Uint32Array;
      /** One for each run, of a log mapping only. */
      readonly alphas?: Float32Array;
      readonly values: Float32Array;
    }
  | { readonly kind: "bfloat16"; readonly words: Uint32Array; readonly values: Float32Array }
  | { readonly kind: "float32"; readonly values: Float32Array };

type TableCodec = Extract<StateCodec, { mapping: Mapping }>;
type LogCodec = Extract<StateCodec, { mapping: LogMapping }>;

function isLog(codec: TableCodec | LogCodec): codec is LogCodec {
  return typeof codec.mapping === "object" && "log" in codec.mapping;
}

export function isStochastic(codec: StateCodec): boolean {
  return codec.bits !== 32 && codec.rounding === "stochastic";
}

/** What a state is before the first step: every stored bit 0. It decodes to zeros, as every scale is 0. */
export function emptyState(codec: StateCodec, shape: readonly number[]): StoredState {
  const n = sizeOf(shape);
  if (codec.bits === 32 || n < codec.minSize) {
    return { kind: "float32", values: new Float32Array(n) };
  }
  const words = new Uint32Array(Math.ceil((n * codec.bits) / 32));
  if (codec.bits === 16) return { kind: "bfloat16", words, values: new Float32Array(n) };
  const { count } = groupsOf(codec.normalize, shape);
  const scales = new Float32Array(count);
  return isLog(codec)
    ? storedLog(codec, words, scales, scales.slice(), n)
    : stored(codec, words, packScales(scales, codec), shape);
}

/** Stores new values of a tensor, by default of one dimension: measures, encodes and packs them. */
export function store(
  values: Float32Array,
  codec: StateCodec,
  random: Random,
  shape: readonly number[] = [values.length],
): StoredState {
  const n = values.length;
  if (codec.bits === 32 || n < codec.minSize) {
    return { kind: "float32", values: values.slice() };
  }
  if (codec.bits === 16) {
    const half =
      codec.rounding === "nearest" ? nearestBf16 : (x: number, i: number) => stochasticBf16(x, random(i));
    const halves = Uint16Array.from(values, half);
    return {
      kind: "bfloat16",
      words: pack(halves, 16),
      values: Float32Array.from(halves, decodeBf16),
    };
  }
  if (isLog(codec)) {
    const { bits, mapping, normalize, rounding } = codec;
    const scales = measure(values, normalize);
    const encoded = encodeLog(values, scales, mapping, bits, normalize, rounding, random, float32);
    return storedLog(codec, pack(encoded.codes, bits), scales, encoded.alphas, n);
  }
  const { normalize, rounding } = codec;
  const book = knownBook(codec);
  const { codes, scales } = encode(values, book, normalize, rounding, random, shape, formatOf(codec));
  return stored(codec, pack(codes, codec.bits), packScales(scales, codec), shape);
}

function formatOf({ scale = "f32", mapping }: TableCodec): ScaleFormat {
  const root = typeof mapping === "object" && "compand" in mapping && mapping.compand === "sqrt";
  return { scale, root: scale !== "f32" && root };
}

/** Scales that are rounded already. */
function packScales(scales: Float32Array, codec: TableCodec): Float32Array | Uint32Array {
  const format = formatOf(codec);
  if (format.scale === "f32") return scales;
  return pack(
    Array.from(scales, (scale) => roundedScale(scale, format).code),
    16,
  );
}

function unpackScales(
  stored: Float32Array | Uint32Array,
  codec: TableCodec,
  shape: readonly number[],
): Float32Array {
  const format = formatOf(codec);
  if (format.scale === "f32") return Float32Array.from(stored);
  const { count } = groupsOf(codec.normalize, shape);
  return Float32Array.from(unpack(Uint32Array.from(stored), 16, count), (code) => scaleOfBits(code, format));
}

/** The state that these words and scales are, read back as the next step reads it. */
export function stored(
  codec: TableCodec,
  words: Uint32Array,
  scales: Float32Array | Uint32Array,
  shape: readonly number[],
): StoredState {
  const codes = Uint8Array.from(unpack(words, codec.bits, sizeOf(shape)));
  const unpacked = unpackScales(scales, codec, shape);
  const values = decode({ codes, scales: unpacked }, knownBook(codec), codec.normalize, shape);
  return { kind: "codes", words, scales, values };
}

function storedLog(
  { bits, normalize }: LogCodec,
  words: Uint32Array,
  scales: Float32Array,
  alphas: Float32Array,
  n: number,
): StoredState {
  const codes = Uint8Array.from(unpack(words, bits, n));
  return {
    kind: "codes",
    words,
    scales,
    alphas,
    values: decodeLog({ codes, scales, alphas }, bits, normalize),
  };
}

const books = new Map<string, Codebook>();

/** Tables are pure functions of their codec: each is built once. */
function knownBook({ mapping, bits, signed }: TableCodec): Codebook {
  const key = JSON.stringify([mapping, bits, signed]);
  const book = books.get(key) ?? bookOf(mapping, bits, signed);
  books.set(key, book);
  return book;
}
