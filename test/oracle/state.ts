import { decodeBf16, nearestBf16, stochasticBf16 } from "./bfloat16.js";
import {
  type Codebook,
  codebook,
  decode,
  encode,
  type Normalize,
  type Random,
  type Rounding,
} from "./codec.js";
import { groupsOf } from "./groups.js";
import { pack, unpack } from "./packing.js";
import { type Mapping, tableOf } from "./tables.js";
import { sizeOf } from "./view.js";

/** How a state is stored. A tensor with fewer than `minSize` elements keeps it as float32. */
export type StateCodec =
  | {
      readonly bits: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
      readonly signed: boolean;
      readonly mapping: Mapping;
      readonly normalize: Normalize;
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
      /** One for each run; 0 where the absmax counted as 0. */
      readonly scales: Float32Array;
      readonly values: Float32Array;
    }
  | { readonly kind: "bfloat16"; readonly words: Uint32Array; readonly values: Float32Array }
  | { readonly kind: "float32"; readonly values: Float32Array };

type TableCodec = Extract<StateCodec, { mapping: Mapping }>;

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
  return stored(codec, words, new Float32Array(groupsOf(codec.normalize, shape).count), shape);
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
  const { codes, scales } = encode(values, bookOf(codec), codec.normalize, codec.rounding, random, shape);
  return stored(codec, pack(codes, codec.bits), scales, shape);
}

/** The state that these words and scales are, read back as the next step reads it. */
export function stored(
  codec: TableCodec,
  words: Uint32Array,
  scales: Float32Array,
  shape: readonly number[],
): StoredState {
  const codes = Uint8Array.from(unpack(words, codec.bits, sizeOf(shape)));
  const values = decode({ codes, scales }, bookOf(codec), codec.normalize, shape);
  return { kind: "codes", words, scales, values };
}

const books = new Map<string, Codebook>();

/** Tables are pure functions of their codec: each is built once. */
function bookOf({ mapping, bits, signed }: TableCodec): Codebook {
  const key = JSON.stringify([mapping, bits, signed]);
  const book = books.get(key) ?? codebook(tableOf(mapping, bits, signed));
  books.set(key, book);
  return book;
}
