import fc from "fast-check";
import { expect, test } from "vitest";
import { streamKey, tensorId } from "../../runtime/index.js";

const MASK = 0xffffffffn;

function mix(value: bigint, key: bigint): bigint {
  let x = value & MASK;
  x ^= x >> 16n;
  x = (x * 0x7feb352dn) & MASK;
  x = (x + key) & MASK;
  x ^= x >> 15n;
  x = (x * 0x846ca68bn) & MASK;
  return x ^ (x >> 16n);
}

function expectedKey(seed: number, t: number, stream: number): { key0: number; key1: number } {
  let a = BigInt(seed) & MASK;
  let b = BigInt(seed) >> 32n;
  for (const word of [BigInt(t) & MASK, BigInt(stream)]) {
    const [oldA, oldB] = [a, b];
    a = mix(oldA ^ word, oldB);
    b = mix(oldB + word, oldA ^ 0x9e3779b9n);
  }
  return { key0: Number(a), key1: Number(b) };
}

test("keys equal the definition in big integers", () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), word, (seed, t, stream) => {
      expect(streamKey(seed, t, stream)).toEqual(expectedKey(seed, t, stream));
    }),
    { numRuns: 2000 },
  );
});

// Checkpoints and other targets depend on these: they may never change.
test.each([
  [0, 0, 0, { key0: 0x43e35595, key1: 0xde024117 }],
  [0, 1, 0, { key0: 0xfc627400, key1: 0xf54025cf }],
  [1, 1, 1, { key0: 0x85021947, key1: 0xafb43eaf }],
  [Number.MAX_SAFE_INTEGER, 2 ** 32 + 5, 2, { key0: 0x88680e8e, key1: 0xe9281313 }],
])("fixed vector: seed %i, step %i, stream %i", (seed, t, stream, key) => {
  expect(streamKey(seed, t, stream)).toEqual(key);
});

test("streams, steps and seeds differ in both words", () => {
  const keys = [0, 1, 2 ** 32].flatMap((seed) =>
    [1, 2, 3].flatMap((t) => [0, 1].map((stream) => streamKey(seed, t, stream))),
  );
  expect(new Set(keys.map(({ key0 }) => key0)).size).toBe(keys.length);
  expect(new Set(keys.map(({ key1 }) => key1)).size).toBe(keys.length);
});

// The published vectors of FNV-1a, 32 bits.
test.each([
  ["", 0x811c9dc5],
  ["a", 0xe40c292c],
  ["foobar", 0xbf9cf968],
])("the id of tensor %j is FNV-1a of its name", (name, id) => {
  expect(tensorId(name)).toBe(id);
});

test("the id is of the name in UTF-8", () => {
  const hash = [0xc3, 0xa9].reduce((h, byte) => ((h ^ BigInt(byte)) * 0x01000193n) & MASK, 0x811c9dc5n);
  expect(tensorId("é")).toBe(Number(hash));
});
