import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ArrayRequest } from "../../runtime/device.js";
import { geometryOf } from "../../runtime/geometry.js";
import { scratchArrays, stateArrays } from "../../runtime/layout.js";
import { alignedBytes, placeArrays } from "../../runtime/placement.js";
import { spansOf } from "../../runtime/spans.js";
import { chunkTable } from "../../runtime/tables.js";
import { gridOf, tensorTable } from "../../runtime/webgpu/tables.js";
import { momentum } from "./momentum.js";

const requests = fc.array(
  fc.record<ArrayRequest>({
    role: fc.constantFrom("p", "g", "state", "next"),
    type: fc.constant("u32"),
    length: fc.integer({ min: 0, max: 20 }),
    tensor: fc.constantFrom("a", "b", "c", "d", "e"),
  }),
);

describe("arenas", () => {
  test("hold every array once, within the limit, a tensor's arrays of one role together", () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 16, max: 600 }), (asked, blocks) => {
        const limit = blocks * 16;
        let placement: ReturnType<typeof placeArrays>;
        try {
          placement = placeArrays(asked, { alignment: 16, limit });
        } catch (error) {
          const needed = Number(/needs (\d+) bytes/.exec(String(error))?.[1]);
          expect(needed).toBeGreaterThan(limit);
          return;
        }
        const { arenas, places } = placement;
        const filled = arenas.map(() => 0);
        const homes = new Map<string, number>();
        places.forEach(({ arena, offset }, i) => {
          const { role, tensor, length } = asked[i]!;
          expect(arenas[arena]!.role).toBe(role);
          expect(offset).toBe(filled[arena]!);
          expect(homes.get(role + tensor) ?? arena).toBe(arena);
          homes.set(role + tensor, arena);
          filled[arena] = offset + alignedBytes(length, 16);
        });
        expect(arenas.map(({ bytes }) => bytes)).toEqual(filled);
        expect(Math.max(0, ...filled)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test("are one a role where everything fits", () => {
    const asked = ["a", "b", "c"].flatMap((tensor) =>
      (["p", "state", "state"] as const).map(
        (role): ArrayRequest => ({ role, type: "f32", length: 5, tensor }),
      ),
    );
    expect(placeArrays(asked, { alignment: 16, limit: 192 }).arenas).toEqual([
      { role: "p", bytes: 96 },
      { role: "state", bytes: 192 },
    ]);
  });

  test("refuse a tensor that is too large, by name and bytes", () => {
    const asked: ArrayRequest[] = [
      { role: "state", type: "u32", length: 8, tensor: "embedding" },
      { role: "state", type: "f32", length: 9, tensor: "embedding" },
    ];
    expect(() => placeArrays(asked, { alignment: 16, limit: 64 })).toThrow(
      'tensor "embedding" needs 80 bytes in one buffer for its states, and this device binds at most 64',
    );
  });
});

describe("tables", () => {
  test("chunks cover every tile of every tensor once", () => {
    expect(chunkTable([0, 1, 256, 257, 0, 600], 256)).toEqual(
      Uint32Array.from([1, 0, 2, 0, 3, 0, 3, 1, 5, 0, 5, 1, 5, 2]),
    );
    expect(chunkTable([], 256)).toEqual(new Uint32Array());
  });

  test("tensor records are length, id, then word offsets", () => {
    const rows = [
      { ...geometryOf([1, 3]), id: 2 ** 32 - 1, arrays: { p: { byteOffset: 0 }, m: { byteOffset: 64 } } },
      { ...geometryOf([5]), id: 7, arrays: { p: { byteOffset: 16 }, m: { byteOffset: 80 } } },
    ];
    expect(tensorTable(rows, ["m", "p"])).toEqual(Uint32Array.of(3, 2 ** 32 - 1, 16, 0, 5, 7, 20, 4));
    expect(() => tensorTable(rows, ["v"])).toThrow("no array v");
    expect(tensorTable(rows.slice(0, 1), ["rows", "cols", "rank", "size0", "size1", "size2"])).toEqual(
      Uint32Array.of(3, 2 ** 32 - 1, 1, 3, 2, 1, 3, 1),
    );
    expect(tensorTable(rows.slice(1), ["rows", "cols"])).toEqual(Uint32Array.of(5, 7, 5, 1));
  });

  test.each([
    [1, [1, 1]],
    [65535, [65535, 1]],
    [65536, [65535, 2]],
    [131071, [65535, 3]],
  ])("%i chunks fit a grid", (count, grid) => {
    expect(gridOf(count, 65535)).toEqual(grid);
  });
});

describe("spans", () => {
  const [a, b] = [{ label: "a" }, { label: "b" }] as unknown as [GPUBuffer, GPUBuffer];
  const array = (buffer: GPUBuffer, byteOffset: number, length: number) => ({
    buffer,
    byteOffset,
    type: "u32" as const,
    length,
  });

  test("neighbours with their padding become one", () => {
    const rows = [1, 5, 0, 4].map((length, i) => [array(a, [0, 16, 48, 48][i]!, length)]);
    expect(spansOf(rows, 16)).toEqual([{ places: [{ buffer: a, offset: 0 }], bytes: 64 }]);
  });

  test("a gap, another order or another buffer in any place begins a new one", () => {
    const rows = [
      [array(a, 0, 4), array(b, 64, 4)],
      [array(a, 16, 4), array(b, 80, 4)],
      [array(a, 32, 4), array(b, 112, 4)],
      [array(a, 64, 4), array(b, 128, 4)],
      [array(a, 48, 4), array(b, 144, 4)],
      [array(a, 64, 4), array(a, 160, 4)],
    ];
    expect(
      spansOf(rows, 16).map(({ places, bytes }) => [...places.map(({ offset }) => offset), bytes]),
    ).toEqual([
      [0, 64, 32],
      [32, 112, 16],
      [64, 128, 16],
      [48, 144, 16],
      [64, 160, 16],
    ]);
  });
});

describe("layout", () => {
  const codes = (bits: number, run: number | "tensor", n: number, scale: "f32" | "f16" | "bf16" = "f32") =>
    stateArrays({ name: "m", storage: { kind: "codes", bits, run, scale } }, [n]).map(({ length }) => length);

  test.each([
    [0, [0, 0]],
    [1, [1, 1]],
    [64, [16, 1]],
    [65, [17, 2]],
    [129, [33, 3]],
  ])("16-bit scales of blocks of 32, two a word: %i elements", (n, lengths) => {
    expect([codes(8, 32, n, "f16"), codes(8, 32, n, "bf16")]).toEqual([lengths, lengths]);
  });

  test.each([
    [3, 128, 0, [0, 0]],
    [3, 128, 1, [1, 1]],
    [3, 128, 32, [3, 1]],
    [3, 128, 129, [13, 2]],
    [8, "tensor", 5, [2, 1]],
    [8, "tensor", 0, [0, 1]],
    [1, 64, 2 ** 31, [2 ** 26, 2 ** 25]],
  ] as const)("%i bits in blocks of %s for %i elements", (bits, block, n, lengths) => {
    expect(codes(bits, block, n)).toEqual(lengths);
  });

  test("what passes measure has one word a scale", () => {
    expect(scratchArrays(momentum.variants[0]!, [100])).toEqual([{ name: "m_next", type: "u32", length: 1 }]);
    expect(scratchArrays(momentum.variants[1]!, [100])).toEqual([]);
    const wrong = { ...momentum.variants[1]!, passes: momentum.variants[0]!.passes };
    expect(() => scratchArrays(wrong, [100])).toThrow("a pass leaves m_next, which belongs to no scale");
  });
});
