import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { bitsOf, ordinal } from "./arithmetic.js";
import { bookOf, decode, encode, type Normalize, nearestCode, runs } from "./codec.js";
import { decodeF16, nearestF16 } from "./float16.js";
import { unpack } from "./packing.js";
import type { ScaleFormat } from "./scale.js";
import type { Mapping } from "./tables.js";

const goldens = readGoldens("codecs.safetensors");
const KINDS = ["normal", "lognormal", "sparse", "outlier", "tiny", "denormal", "zeros", "rowcol"];
const linear: Mapping = { linear: { zero: false } };

/**
 * What a library does outside the common ground: the scale it keeps for a run whose absmax is `absmax`,
 * and what it looks up for x under the scale s.
 */
interface Library {
  scale(absmax: number): number;
  normalize(x: number, s: number, absmax: number): number;
}

/** Subnormals count as 0, and 0 / 0 falls through the search to code 0. */
const bnb: Library = {
  scale: (absmax) => (absmax < 2 ** -126 ? 0 : absmax),
  normalize: (x, s) => (s === 0 ? Number.NaN : Math.fround(x * Math.fround(1 / s))),
};
/** Subnormal scales are kept; the quotient is rounded once. */
const lpmm: Library = { scale: (absmax) => absmax, normalize: (x, s) => Math.fround(x / s) };
/** Scales are at least 1e-12. */
const ao: Library = {
  scale: (absmax) => Math.max(absmax, Math.fround(1e-12)),
  normalize: (x, s) => Math.fround(x / s),
};

/** Scales are float16, and of square roots their roots; values are divided by what they were rounded from. */
const flash: Library = {
  scale: (absmax) => decodeF16(nearestF16(absmax)),
  normalize: (x, s, absmax) => (s === 0 ? 0 : Math.fround(x / absmax)),
};
const flashRoot: Library = {
  scale: (absmax) => flash.scale(Math.fround(Math.sqrt(absmax))),
  normalize: flash.normalize,
};

interface Family {
  name: string;
  library: Library;
  bits: number;
  signed: boolean;
  mapping: Mapping;
  normalize: Normalize;
}

const family = (
  name: string,
  library: Library,
  bits: number,
  signed: boolean,
  mapping: Mapping,
  block = 0,
) => {
  const normalize: Normalize = block === 0 ? "tensor" : { block };
  return { name, library, bits, signed, mapping, normalize } satisfies Family;
};

/** lpmm's `de` goldens are signed, its `lin4` ones unsigned; torchao's unsigned 4-bit map is linear. */
const families = [
  family("bnb_dynamic8/s/b256", bnb, 8, true, "dynamic", 256),
  family("bnb_dynamic8/s/b2048", bnb, 8, true, "dynamic", 2048),
  family("bnb_dynamic8/u/b256", bnb, 8, false, "dynamic", 256),
  family("bnb_dynamic8/u/b2048", bnb, 8, false, "dynamic", 2048),
  family("lpmm_de4_b128", lpmm, 4, true, "dynamic", 128),
  family("lpmm_de4_b2048", lpmm, 4, true, "dynamic", 2048),
  family("lpmm_de8_b128", lpmm, 8, true, "dynamic", 128),
  family("lpmm_lin4_b128", lpmm, 4, false, linear, 128),
  family("lpmm_lin4_tensor", lpmm, 4, false, linear),
  family("ao8/s", ao, 8, true, "dynamic", 256),
  family("ao8/u", ao, 8, false, "dynamic", 256),
  family("ao4/s", ao, 4, true, "dynamic", 128),
  family("ao4/u", ao, 4, false, linear, 128),
  family("flash8_s", flash, 8, true, { compand: "none", grid: "linear" }, 32),
  family("flash8_s_softsign", flash, 8, true, { compand: "softsign", grid: "linear" }, 32),
  family("flash8_u_sqrt", flashRoot, 8, false, { compand: "sqrt", grid: "linear" }, 32),
];

/** One code an element. lpmm packs 4-bit codes as this project does, and adds a byte at the end. */
function goldenCodes(name: string, { library, bits, signed }: Family, n: number): Uint8Array {
  const bytes = goldens.u8(name);
  // FlashOptim's signed codes are an int8 from -127.
  if (library === flash && signed) return Uint8Array.from(Int8Array.from(bytes), (code) => code + 127);
  if (library !== lpmm || bits === 8) return bytes.subarray(0, n);
  return Uint8Array.from(unpack(new Uint32Array(bytes.buffer.slice(0, (n * bits) / 8)), bits, n));
}

describe.each(families)("$name", (family) => {
  const { name, library, bits, signed, mapping, normalize } = family;
  const book = bookOf(mapping, bits, signed);
  const isFlash = library === flash || library === flashRoot;
  const format: ScaleFormat = isFlash
    ? { scale: "f16", root: library === flashRoot }
    : { scale: "f32", root: false };
  const kinds = KINDS.filter((kind) => goldens.names.includes(`${name}/${kind}/codes`));

  test("holds every kind of input (lpmm has no zeros)", () => {
    expect(kinds).toEqual(KINDS.filter((kind) => library !== lpmm || kind !== "zeros"));
  });

  test.each(kinds)("%s", (kind) => {
    const input = goldens.f32(`input/${kind}`);
    const x = signed ? input : input.map(Math.abs);
    const scales = goldens.f32(`${name}/${kind}/scale`);
    const codes = goldenCodes(`${name}/${kind}/codes`, family, x.length);
    const { size } = runs(normalize, x.length);
    const scaleOf = (i: number) => scales[Math.floor(i / size)] as number;

    // The library's scales and codes, by its own rule for tiny runs, from our table and thresholds.
    const absmax = scales.map((_, run) =>
      Math.max(...x.subarray(run * size, (run + 1) * size).map(Math.abs)),
    );
    expect(scales).toEqual(absmax.map(library.scale));
    expect(codes).toEqual(
      Uint8Array.from(x, (value, i) =>
        nearestCode(library.normalize(value, scaleOf(i), absmax[Math.floor(i / size)] as number), book),
      ),
    );

    // The oracle's: the same, unless the absmax counts as 0 here, or the library replaced it.
    const ours = encode(x, book, normalize, "nearest", () => 0, [x.length], format);
    if (isFlash) {
      const meant = scales.map((scale) => (format.root ? Math.fround(scale * scale) : scale));
      expect(ours.scales).toEqual(meant);
      const theirs = goldens.f32(`${name}/${kind}/dequant`);
      const decoded = decode({ codes, scales: meant }, book, normalize);
      // Theirs round up to five times on the way (the square of a product of a quotient), ours twice: 7 * 2^-24.
      const ulps = theirs.map((value, i) => Math.abs(ordinal(value) - ordinal(decoded[i] as number)));
      expect(Math.max(...ulps)).toBeLessThanOrEqual(7);
      const others = ours.codes.map((code, i) => Math.abs(code - (codes[i] as number)));
      expect(Math.max(...others)).toBeLessThanOrEqual(1);
      expect(others.filter((steps) => steps > 0).length).toBeLessThan(0.02 * x.length);
      return;
    }
    if (absmax.some((s) => s < 2 ** -126)) {
      expect(new Set(ours.scales)).toEqual(new Set([0]));
      expect(decode(ours, book, normalize).every((value) => value === 0)).toBe(true);
    } else if (kind === "tiny" && library === ao) {
      expect(ours.scales).toEqual(absmax);
    } else {
      expect(ours).toEqual({ codes, scales });
    }

    // Decoding, bit for bit.
    const decoded = decode({ codes, scales }, book, normalize);
    expect(Array.from(decoded, bitsOf)).toEqual(Array.from(goldens.f32(`${name}/${kind}/dequant`), bitsOf));
  });
});

test("every family of the file is compared", () => {
  const outputs = goldens.names.filter((name) => !name.startsWith("input/"));
  const present = new Set(outputs.map((name) => name.split("/").slice(0, -2).join("/")));
  expect(present).toEqual(new Set(families.map(({ name }) => name)));
});
