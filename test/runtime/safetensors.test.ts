import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DType, readSafetensors, type SafeTensor, writeSafetensors } from "../../runtime/index.js";

function fileOf(header: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
const makers = {
  F64: (n: number) => Float64Array.from({ length: n }, (_, i) => i / 3),
  I64: (n: number) => BigInt64Array.from({ length: n }, (_, i) => BigInt(-i) << 40n),
  U64: (n: number) => BigUint64Array.from({ length: n }, (_, i) => BigInt(i) << 60n),
  F32: (n: number) => Float32Array.from({ length: n }, (_, i) => i / 3),
  U32: (n: number) => Uint32Array.from({ length: n }, (_, i) => ~i >>> 0),
  I32: (n: number) => Int32Array.from({ length: n }, (_, i) => -i),
  F16: (n: number) => Uint16Array.from({ length: n }, (_, i) => i * 1001),
  BF16: (n: number) => Uint16Array.from({ length: n }, (_, i) => i * 2003),
  U16: (n: number) => Uint16Array.from({ length: n }, (_, i) => i * 3001),
  I16: (n: number) => Int16Array.from({ length: n }, (_, i) => i * -301),
  F8_E4M3: (n: number) => Uint8Array.from({ length: n }, (_, i) => i + 1),
  F8_E5M2: (n: number) => Uint8Array.from({ length: n }, (_, i) => i + 2),
  BOOL: (n: number) => Uint8Array.from({ length: n }, (_, i) => i % 2),
  U8: (n: number) => Uint8Array.from({ length: n }, (_, i) => i),
  I8: (n: number) => Int8Array.from({ length: n }, (_, i) => -i),
} as const satisfies Record<DType, unknown>;
const dtypes = fc.constantFrom(...(Object.keys(makers) as (keyof typeof makers)[]));
const tensors = fc.tuple(dtypes, shapes).map(([dtype, shape]): SafeTensor => {
  return { dtype, shape, data: makers[dtype](shape.reduce((a, b) => a * b, 1)) };
});
const names = fc.string({ unit: "grapheme", maxLength: 8 }).filter((name) => name !== "__metadata__");
const files = fc.uniqueArray(fc.tuple(names, tensors), { selector: ([name]) => name, maxLength: 8 });
const metadata = fc.dictionary(names, fc.string({ unit: "grapheme" }), { noNullPrototype: true });

describe("round trips", () => {
  test("every type, shape, name and metadata comes back, aligned or not", () => {
    fc.assert(
      fc.property(files, metadata, fc.integer({ min: 0, max: 8 }), (entries, notes, shift) => {
        const file = writeSafetensors(entries, notes);
        const moved = new Uint8Array(file.length + shift).subarray(shift);
        moved.set(file);
        const read = readSafetensors(moved);
        expect(read.tensors).toEqual(new Map(entries));
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(notes).sort());
      }),
    );
  });

  test("equal input in any order gives equal bytes, with the data on 8 bytes", () => {
    fc.assert(
      fc.property(files, metadata, (entries, notes) => {
        const file = writeSafetensors(entries, notes);
        const reversed = Object.fromEntries(Object.entries(notes).reverse());
        expect(writeSafetensors(entries.toReversed(), reversed)).toEqual(file);
        expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
      }),
    );
  });

  test("aligned values are views of the file, misaligned ones copies", () => {
    const file = writeSafetensors([["x", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]]);
    expect(readSafetensors(file).tensors.get("x")!.data.buffer).toBe(file.buffer);
    const moved = new Uint8Array(file.length + 1).subarray(1);
    moved.set(file);
    expect(readSafetensors(moved).tensors.get("x")!.data.buffer).not.toBe(moved.buffer);
  });

  test("the bytes are those of the format", () => {
    const file = writeSafetensors([["a", { dtype: "U8", shape: [2], data: Uint8Array.of(7, 9) }]], {
      k: "v",
    });
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    expect(file).toEqual(fileOf(header.padEnd(Math.ceil(header.length / 8) * 8), Uint8Array.of(7, 9)));
  });
});

describe("refusals", () => {
  const entry = (dtype: string, shape: unknown, offsets: unknown) =>
    JSON.stringify({ dtype, shape, data_offsets: offsets });
  const eight = new Uint8Array(8);
  const cases: [string, Uint8Array, string, string][] = [
    ["an empty file", new Uint8Array(), "safetensors-truncated", "0 bytes"],
    ["a cut length", new Uint8Array(7), "safetensors-truncated", "7 bytes"],
    ["a cut header", fileOf("{}").subarray(0, 9), "safetensors-truncated", "claims 2 bytes, but 1 follow"],
    ["an absurd length", new Uint8Array(16).fill(0xff), "safetensors-header", "not a safetensors file"],
    ["text", new TextEncoder().encode("hello, world"), "safetensors-header", "not a safetensors file"],
    ["bad UTF-8", fileOf("{}").fill(0xff, 8), "safetensors-header", "not UTF-8"],
    ["bad JSON", fileOf("{"), "safetensors-header", "not JSON"],
    ["a list", fileOf("[]"), "safetensors-header", "not an object"],
    ["a number as tensor", fileOf('{"x":1}'), "safetensors-tensor", '"x"'],
    ["an unknown type", fileOf(`{"x":${entry("F6_E2M3", [1], [0, 1])}}`), "safetensors-tensor", '"F6_E2M3"'],
    [
      "a type of Object",
      fileOf(`{"x":${entry("toString", [1], [0, 1])}}`),
      "safetensors-tensor",
      '"toString"',
    ],
    ["no shape", fileOf(`{"x":${entry("F32", null, [0, 4])}}`), "safetensors-tensor", "shape null"],
    [
      "a negative size",
      fileOf(`{"x":${entry("F32", [-1, -1], [0, 4])}}`),
      "safetensors-tensor",
      "shape [-1,-1]",
    ],
    [
      "a broken size",
      fileOf(`{"x":${entry("F32", [0.5, 2], [0, 4])}}`),
      "safetensors-tensor",
      "shape [0.5,2]",
    ],
    [
      "an overflow",
      fileOf(`{"x":${entry("U8", [2 ** 40, 2 ** 40], [0, 4])}}`),
      "safetensors-tensor",
      "shape",
    ],
    ["no offsets", fileOf(`{"x":${entry("F32", [1], 4)}}`), "safetensors-tensor", "data_offsets 4"],
    ["three offsets", fileOf(`{"x":${entry("F32", [1], [0, 4, 8])}}`), "safetensors-tensor", "data_offsets"],
    [
      "a negative offset",
      fileOf(`{"x":${entry("F32", [1], [-4, 0])}}`),
      "safetensors-tensor",
      "data_offsets",
    ],
    [
      "offsets backwards",
      fileOf(`{"x":${entry("F32", [1], [8, 4])}}`, eight),
      "safetensors-tensor",
      "8 to 4",
    ],
    [
      "a wrong length",
      fileOf(`{"x":${entry("F32", [3], [0, 8])}}`, eight),
      "safetensors-tensor",
      "takes 12 bytes",
    ],
    [
      "cut data",
      fileOf(`{"x":${entry("F32", [3], [0, 12])}}`, eight),
      "safetensors-truncated",
      "ends at byte 12",
    ],
    [
      "data behind",
      fileOf(`{"x":${entry("F32", [1], [0, 4])}}`, eight),
      "safetensors-hole",
      "take 4 bytes, but 8",
    ],
    [
      "a hole before",
      fileOf(`{"x":${entry("F32", [1], [4, 8])}}`, eight),
      "safetensors-hole",
      "begins at byte 4",
    ],
    [
      "an overlap",
      fileOf(`{"x":${entry("F32", [1], [0, 4])},"y":${entry("F32", [1], [2, 6])}}`, eight),
      "safetensors-overlap",
      '"y" begins at byte 2',
    ],
    [
      "one name twice",
      fileOf(`{"x":${entry("U8", [4], [0, 4])}, "\\u0078" : ${entry("U8", [4], [4, 8])}}`, eight),
      "safetensors-duplicate",
      '"x" occurs twice',
    ],
    [
      "metadata twice",
      fileOf('{"__metadata__":{"a":"1","a":"2"}}'),
      "safetensors-duplicate",
      '"a" occurs twice',
    ],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), "safetensors-metadata", "object of strings"],
    ["metadata as text", fileOf('{"__metadata__":"a"}'), "safetensors-metadata", "object of strings"],
  ];

  test.each(cases)("%s", (_, file, code, message) => {
    expect(() => readSafetensors(file)).toThrow(
      expect.objectContaining({ name: "SafetensorsError", code, message: expect.stringContaining(message) }),
    );
  });

  test("the same key in different tensors is no duplicate, nor is one in a string", () => {
    const file = fileOf(
      `{"__metadata__":{"x":"{\\"x\\":1,\\"x\\":2}"},"x":${entry("U8", [4], [0, 4])},"y":${entry("U8", [4], [4, 8])}}`,
      eight,
    );
    expect([...readSafetensors(file).tensors.keys()]).toEqual(["x", "y"]);
  });

  test("a file cut anywhere is refused", () => {
    const file = writeSafetensors(
      [
        ["a", { dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) }],
        ["b", { dtype: "U8", shape: [1], data: Uint8Array.of(1) }],
      ],
      { note: "text" },
    );
    for (let length = 0; length < file.length; length++)
      expect(() => readSafetensors(file.subarray(0, length))).toThrow(
        expect.objectContaining({ name: "SafetensorsError" }),
      );
  });

  test("any damage is refused by name or read, never anything else", () => {
    const file = writeSafetensors([["weights", { dtype: "F32", shape: [2, 2], data: new Float32Array(4) }]]);
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = file.slice();
        damaged[at] = byte;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect(error).toMatchObject({ name: "SafetensorsError" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [
      "data of another type",
      "x",
      { dtype: "F32", shape: [1], data: Uint32Array.of(1) },
      "safetensors-tensor",
    ],
    [
      "a shape that does not fit",
      "x",
      { dtype: "U32", shape: [2], data: Uint32Array.of(1) },
      "safetensors-tensor",
    ],
    [
      "the name of metadata",
      "__metadata__",
      { dtype: "U8", shape: [0], data: new Uint8Array() },
      "safetensors-duplicate",
    ],
  ] as const)("writing %s", (_, name, tensor, code) => {
    expect(() => writeSafetensors([[name, tensor]])).toThrow(
      expect.objectContaining({ name: "SafetensorsError", code }),
    );
  });

  test("writing a name twice", () => {
    const tensor: SafeTensor = { dtype: "U8", shape: [0], data: new Uint8Array() };
    expect(() =>
      writeSafetensors([
        ["x", tensor],
        ["y", tensor],
        ["x", tensor],
      ]),
    ).toThrow('"x" is given twice');
  });

  test("anything but bytes", () => {
    const bytes: unknown = new ArrayBuffer(16);
    expect(() => readSafetensors(bytes as Uint8Array)).toThrow("Uint8Array, not as ArrayBuffer");
  });
});
