import { beforeAll, describe, expect, test } from "vitest";
import type { Codec } from "../../runtime/index.js";
import { readGoldens } from "../goldens/read.js";
import { nearestF16, ordinal, pack, runs, unpack } from "../oracle/index.js";
import { compiled } from "./compiled.js";
import { instantiate } from "./instance.js";

const goldens = readGoldens("codecs.safetensors");
const KINDS = ["normal", "lognormal", "sparse", "outlier", "rowcol", "tiny", "denormal", "zeros"];
/** Below it a scale counts as 0 here. */
const SMALLEST_NORMAL = 2 ** -126;

interface Family {
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
  readonly mapping: string;
  /** 0 for the whole tensor. */
  readonly block: number;
}

function family(name: string, bits: number, sign: "s" | "u", mapping: string, block = 0): Family {
  return { name, bits, signed: sign === "s", mapping, block };
}

/** lpmm's `de` goldens are signed, its `lin4` ones unsigned; torchao's unsigned 4-bit map is linear. */
const families = [
  family("bnb_dynamic8/s/b256", 8, "s", "dynamic", 256),
  family("bnb_dynamic8/s/b2048", 8, "s", "dynamic", 2048),
  family("bnb_dynamic8/u/b256", 8, "u", "dynamic", 256),
  family("bnb_dynamic8/u/b2048", 8, "u", "dynamic", 2048),
  family("lpmm_de4_b128", 4, "s", "dynamic", 128),
  family("lpmm_de4_b2048", 4, "s", "dynamic", 2048),
  family("lpmm_de8_b128", 8, "s", "dynamic", 128),
  family("lpmm_lin4_b128", 4, "u", "linear", 128),
  family("lpmm_lin4_tensor", 4, "u", "linear"),
  family("ao8/s", 8, "s", "dynamic", 256),
  family("ao8/u", 8, "u", "dynamic", 256),
  family("ao4/s", 4, "s", "dynamic", 128),
  family("ao4/u", 4, "u", "linear", 128),
];

function specOf({ bits, signed, mapping, block }: Family): string {
  const normalize = block === 0 ? "tensor" : `{ block: ${block} }`;
  return `
name: one-state
states: { m: { bits: ${bits}, signed: ${signed}, mapping: ${mapping}, normalize: ${normalize} } }
update: |
  m = m + g
  p = p - m
`;
}

/** One code an element. lpmm packs 4-bit codes as they are packed here, and adds a byte at the end. */
function goldenCodes(name: string, bits: number, length: number): number[] {
  const bytes = goldens.u8(name);
  if (!name.startsWith("lpmm") || bits === 8) return [...bytes.subarray(0, length)];
  return [...unpack(new Uint32Array(bytes.buffer.slice(0, (length * bits) / 8)), bits, length)];
}

describe.each(families)("$name", (family) => {
  const { name, bits, signed, block } = family;
  const kinds = KINDS.filter((kind) => goldens.names.includes(`${name}/${kind}/codes`));
  let codec: Codec;
  beforeAll(async () => {
    codec = (await instantiate(compiled(specOf(family)))).codecs.m as Codec;
  });

  test("has goldens of every kind, but for lpmm's zeros", () => {
    expect(kinds).toEqual(KINDS.filter((kind) => kind !== "zeros" || !name.startsWith("lpmm")));
  });

  test.each(kinds)("%s", (kind) => {
    const input = goldens.f32(`input/${kind}`);
    const values = signed ? input : input.map(Math.abs);
    const stored = codec.quantize(values, { key0: 0, key1: 0, id: 0 });
    const decoded = codec.dequantize(stored, values.length);
    const { size, count } = runs(block === 0 ? "tensor" : { block }, values.length);
    const absmax = Array.from({ length: count }, (_, run) =>
      values.subarray(run * size, (run + 1) * size).reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    );

    if (absmax.every((scale) => scale < SMALLEST_NORMAL)) {
      expect([...stored.scales]).toEqual(absmax.map(() => 0));
      expect(decoded.every((x) => x === 0)).toBe(true);
      return;
    }
    expect([...stored.scales]).toEqual(absmax);
    // torchao takes 1e-12 for any smaller scale, so there is nothing to compare with.
    if (name.startsWith("ao") && kind === "tiny") return;
    expect([...stored.scales]).toEqual([...goldens.f32(`${name}/${kind}/scale`)]);
    expect([...unpack(stored.codes, bits, values.length)]).toEqual(
      goldenCodes(`${name}/${kind}/codes`, bits, values.length),
    );
    expect(decoded).toEqual(goldens.f32(`${name}/${kind}/dequant`));
  });
});

/** FlashOptim: float16 scales, of square roots their roots; codes of values divided by what those were rounded from. */
const flashFamilies = [
  { name: "flash8_s", signed: true, compand: "none" },
  { name: "flash8_s_softsign", signed: true, compand: "softsign" },
  { name: "flash8_u_sqrt", signed: false, compand: "sqrt" },
];

describe.each(flashFamilies)("$name", ({ name, signed, compand }) => {
  const codecOf = async (scale: string): Promise<Codec> => {
    const mapping = `{ compand: ${compand}, grid: linear }`;
    const state = `{ bits: 8, signed: ${signed}, mapping: ${mapping}, normalize: { block: 32 }, scale: ${scale} }`;
    const text = `name: one-state\nstates: { m: ${state} }\nupdate: |\n  m = m + g\n  p = p - m\n`;
    return (await instantiate(compiled(text))).codecs.m as Codec;
  };
  let half: Codec;
  let single: Codec;
  beforeAll(async () => {
    half = await codecOf("f16");
    single = await codecOf("f32");
  });

  test.each(KINDS)("%s", (kind) => {
    const input = goldens.f32(`input/${kind}`);
    const values = signed ? input : input.map(Math.abs);
    const keys = { key0: 0, key1: 0, id: 0 };
    const bytes = goldens.u8(`${name}/${kind}/codes`);
    const golden = signed ? Array.from(Int8Array.from(bytes), (code) => code + 127) : [...bytes];
    const scales = goldens.f32(`${name}/${kind}/scale`);
    const stored = half.quantize(values, keys);
    const halves = unpack(Uint32Array.from(stored.scales), 16, scales.length);
    expect([...halves]).toEqual(Array.from(scales, nearestF16));
    const codes = [...unpack(stored.codes, 8, values.length)];
    if (scales.every((scale) => scale === 0)) {
      expect(half.dequantize(stored, values.length).every((x) => x === 0)).toBe(true);
      expect(codes).toEqual(golden);
      return;
    }
    // The grid is theirs exactly: with the scale that they divide by, so are the codes.
    expect([...unpack(single.quantize(values, keys).codes, 8, values.length)]).toEqual(golden);
    const others = codes.map((code, i) => Math.abs(code - (golden[i] as number)));
    expect(Math.max(...others)).toBeLessThanOrEqual(1);
    expect(others.filter((steps) => steps > 0).length).toBeLessThan(0.02 * values.length);

    const decoded = half.dequantize({ codes: pack(golden, 8), scales: stored.scales }, values.length);
    const theirs = goldens.f32(`${name}/${kind}/dequant`);
    const ulps = theirs.map((value, i) => Math.abs(ordinal(value) - ordinal(decoded[i] as number)));
    expect(Math.max(...ulps)).toBeLessThanOrEqual(7);
  });
});

test("every family of the goldens is compared", () => {
  const outputs = goldens.names.filter((name) => !name.startsWith("input/"));
  const present = new Set(outputs.map((name) => name.split("/").slice(0, -2).join("/")));
  expect(present).toEqual(new Set([...families, ...flashFamilies].map(({ name }) => name)));
});
