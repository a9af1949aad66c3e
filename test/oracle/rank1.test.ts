import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { bitsOf } from "./arithmetic.js";
import { codebook, decode, encode, measure, nearestCode } from "./codec.js";
import { groupsOf, type Normalize, scaleOf } from "./groups.js";
import { unpack } from "./packing.js";
import { linear } from "./tables.js";

const goldens = readGoldens("rank1.safetensors");
const inputs = readGoldens("codecs.safetensors");
const KINDS = ["normal", "lognormal", "sparse", "outlier", "tiny", "denormal", "rowcol"];
const families = [
  { name: "lpmm_lin4_rank1_2d", shape: [64, 64] },
  { name: "lpmm_lin4_rank1_4d", shape: [16, 8, 8, 4] },
];
const book = codebook(linear(4, false));
const compared = new Set<string>();

/** The library's maxima, those of the first dimension first. */
function maxima(name: string, shape: readonly number[]): Float32Array {
  return Float32Array.from(
    shape.flatMap((_, d) => {
      compared.add(`${name}/max${d}`);
      return [...goldens.f32(`${name}/max${d}`)];
    }),
  );
}

describe.each(families)("$name", ({ name, shape }) => {
  test.each(KINDS)("%s", (kind) => {
    const path = `${name}/${kind}`;
    const x = inputs.f32(`input/${kind}`).map(Math.abs);
    const scales = maxima(path, shape);
    const bytes = goldens.u8(`${path}/codes`);
    const codes = Uint8Array.from(unpack(new Uint32Array(bytes.buffer.slice(0, x.length / 2)), 4, x.length));
    const dequantized = goldens.f32(`${path}/dequant`);
    compared.add(`${path}/codes`).add(`${path}/dequant`);

    // The library keeps subnormal scales and divides; from our table and thresholds these are its codes.
    const groups = groupsOf("rank1", shape);
    expect(codes).toEqual(
      Uint8Array.from(x, (value, i) => nearestCode(Math.fround(value / scaleOf(scales, groups, i)), book)),
    );
    expect(Array.from(decode({ codes, scales }, book, "rank1", shape), bitsOf)).toEqual(
      Array.from(dequantized, bitsOf),
    );

    // The oracle's: the same, but that scales below the normal floats count as 0.
    const ours = encode(x, book, "rank1", "nearest", () => 0, shape);
    if (kind === "denormal") {
      expect(new Set(ours.scales)).toEqual(new Set([0]));
      expect(decode(ours, book, "rank1", shape).every((value) => value === 0)).toBe(true);
    } else {
      expect(ours).toEqual({ codes, scales });
    }
  });
});

test("every golden of the file was compared", () => {
  expect([...compared].sort()).toEqual([...goldens.names].sort());
});

describe("groups, by brute force", () => {
  const shapes = [[], [1], [5], [300], [1, 1], [3, 1], [1, 7], [5, 3], [2, 3, 5], [1, 3, 1], [2, 3, 1, 5]];

  /** Which elements share a scale, in words of the definition, from the index of every dimension. */
  function keysOf(normalize: Normalize, index: readonly number[], i: number): string[] {
    const n = index.length;
    if (typeof normalize === "object") return [`block ${Math.floor(i / normalize.block)}`];
    if (normalize === "tensor") return ["all"];
    if (normalize === "rank1") {
      if (n < 2) return keysOf({ block: 128 }, index, i);
      return index.map((at, d) => `dimension ${d} at ${at}`);
    }
    // The last two dimensions are rows and columns; a vector is all rows.
    const padded = n === 0 ? [0, 0] : n === 1 ? [...index, 0] : index;
    const [matrix, row, col] = [padded.slice(0, -2), padded.at(-2), padded.at(-1)];
    return [normalize === "row" ? `matrix ${matrix} row ${row}` : `matrix ${matrix} column ${col}`];
  }

  function indices(shape: readonly number[]): number[][] {
    return shape.reduce<number[][]>(
      (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])),
      [[]],
    );
  }

  test.each(shapes.map((shape) => ({ shape })))("shape $shape", ({ shape }) => {
    const all = indices(shape);
    const x = Float32Array.from(all, (_, i) => Math.sin(3 * i + 1) * 10 ** Math.cos(i));
    for (const normalize of [{ block: 3 }, { block: 128 }, "tensor", "row", "col", "rank1"] as const) {
      const most = new Map<string, number>();
      for (const [i, index] of all.entries()) {
        for (const key of keysOf(normalize, index, i)) {
          most.set(key, Math.max(most.get(key) ?? 0, Math.abs(x[i] as number)));
        }
      }
      const scales = measure(x, normalize, shape);
      expect(scales).toHaveLength(most.size);
      const wanted = all.map((index, i) =>
        Math.min(...keysOf(normalize, index, i).map((k) => most.get(k) ?? 0)),
      );
      const groups = groupsOf(normalize, shape);
      expect(all.map((_, i) => scaleOf(scales, groups, i))).toEqual(wanted);
    }
  });

  test("rank1 scales stand dimension after dimension", () => {
    const x = Float32Array.of(1, -5, 2, 4, 3, 0);
    expect(measure(x, "rank1", [2, 3])).toEqual(Float32Array.of(5, 4, 4, 5, 2));
    expect(measure(x, "rank1", [1, 3, 2])).toEqual(Float32Array.of(5, 5, 4, 3, 3, 5));
    expect(measure(x, "row", [2, 3])).toEqual(Float32Array.of(5, 4));
    expect(measure(x, "col", [2, 3])).toEqual(Float32Array.of(4, 5, 2));
  });

  test("each maximum below the normal floats counts as 0, and with it the elements that meet it", () => {
    const tiny = 2 ** -127;
    const x = Float32Array.of(1, tiny, tiny, tiny);
    const scales = measure(x, "rank1", [2, 2]);
    expect(scales).toEqual(Float32Array.of(1, 0, 1, 0));
    const ours = encode(x, book, "rank1", "nearest", () => 0, [2, 2]);
    expect(decode(ours, book, "rank1", [2, 2])).toEqual(Float32Array.of(1, 0, 0, 0));
  });

  test("what is not finite sets no scale, and saturates", () => {
    const x = Float32Array.of(1, Number.POSITIVE_INFINITY, 2, 3);
    expect(measure(x, "rank1", [2, 2])).toEqual(Float32Array.of(1, 3, 2, 3));
    const ours = encode(x, book, "rank1", "nearest", () => 0, [2, 2]);
    expect(decode(ours, book, "rank1", [2, 2])).toEqual(Float32Array.of(1, 1, 2, 3));
    expect(measure(Float32Array.of(1, Number.NaN, 2, Number.NaN), "rank1", [2, 2])[3]).toBe(0);
  });
});

describe("rank1 beside blocks of 128", () => {
  test("a vector and a scalar are the blocks", () => {
    const x = inputs.f32("input/rowcol").map(Math.abs);
    const blocks = encode(x, book, { block: 128 }, "nearest", () => 0);
    expect(encode(x, book, "rank1", "nearest", () => 0)).toEqual(blocks);
    expect(encode(x.subarray(0, 1), book, "rank1", "nearest", () => 0, []).scales).toEqual(x.slice(0, 1));
  });

  test("no element is above its scale, and the greatest of them is the tensor's", () => {
    const x = inputs.f32("input/outlier");
    const scales = measure(x, "rank1", [16, 8, 8, 4]);
    const groups = groupsOf("rank1", [16, 8, 8, 4]);
    expect(x.every((value, i) => Math.abs(value) <= scaleOf(scales, groups, i))).toBe(true);
    expect(Math.max(...scales)).toBe(Math.max(...x.map(Math.abs)));
  });
});
