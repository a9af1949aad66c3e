import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { unpack } from "../oracle/index.js";
import { compiled } from "./compiled.js";
import { instantiate } from "./instance.js";

const goldens = readGoldens("codecs.safetensors");
/** On blocks of zeros and subnormals each library has a rule of its own: test/oracle/codec.test.ts. */
const KINDS = ["normal", "lognormal", "sparse", "outlier", "rowcol"];

const families = [
  {
    name: "bnb_dynamic8/s/b256",
    codec: "bits: 8, signed: true, mapping: dynamic, normalize: { block: 256 }",
  },
  {
    name: "bnb_dynamic8/s/b2048",
    codec: "bits: 8, signed: true, mapping: dynamic, normalize: { block: 2048 }",
  },
  {
    name: "bnb_dynamic8/u/b256",
    codec: "bits: 8, signed: false, mapping: dynamic, normalize: { block: 256 }",
  },
  {
    name: "bnb_dynamic8/u/b2048",
    codec: "bits: 8, signed: false, mapping: dynamic, normalize: { block: 2048 }",
  },
  { name: "lpmm_de4_b128", codec: "bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 }" },
  { name: "lpmm_de4_b2048", codec: "bits: 4, signed: true, mapping: dynamic, normalize: { block: 2048 }" },
  { name: "lpmm_de8_b128", codec: "bits: 8, signed: true, mapping: dynamic, normalize: { block: 128 }" },
  { name: "lpmm_lin4_b128", codec: "bits: 4, signed: false, mapping: linear, normalize: { block: 128 }" },
  { name: "lpmm_lin4_tensor", codec: "bits: 4, signed: false, mapping: linear, normalize: tensor" },
  { name: "ao8/s", codec: "bits: 8, signed: true, mapping: dynamic, normalize: { block: 256 }" },
  { name: "ao8/u", codec: "bits: 8, signed: false, mapping: dynamic, normalize: { block: 256 }" },
];

const spec = (codec: string) => `
name: one-state
states: { m: { ${codec} } }
update: |
  m = m + g
  p = p - m
`;

describe.each(families)("$name", ({ name, codec }) => {
  test.each(KINDS)("%s: scales, codes and decoded values are the library's", async (kind) => {
    const { codecs } = await instantiate(compiled(spec(codec)));
    const { m } = codecs;
    const bits = codec.startsWith("bits: 8") ? 8 : 4;
    const input = goldens.f32(`input/${kind}`);
    const values = codec.includes("signed: false") ? input.map(Math.abs) : input;

    const stored = m?.quantize(values, { key0: 0, key1: 0, id: 0 });
    if (m === undefined || stored === undefined) throw new Error("the package has no codec for m");
    const bytes = goldens.u8(`${name}/${kind}/codes`);
    const codes =
      bits === 8
        ? Uint16Array.from(bytes.subarray(0, values.length))
        : unpack(new Uint32Array(bytes.buffer.slice(0, 2048)), 4, 4096);

    const scales = goldens.names.includes(`${name}/${kind}/scale`) ? "scale" : "max1";
    expect([...stored.scales]).toEqual([...goldens.f32(`${name}/${kind}/${scales}`)]);
    expect([...unpack(stored.codes, bits, values.length)]).toEqual([...codes]);
    expect([...m.dequantize(stored, values.length)]).toEqual([...goldens.f32(`${name}/${kind}/dequant`)]);
  });
});
