import { describe, expect, test } from "vitest";
import { toFloat32, toHalf } from "../../runtime/index.js";
import { decodeBf16, decodeF16, nearestBf16, nearestF16, nextUp } from "../oracle/index.js";

const formats = [
  { dtype: "f16", decode: decodeF16, nearest: nearestF16, infinite: 0x7c00 },
  { dtype: "bf16", decode: decodeBf16, nearest: nearestBf16, infinite: 0x7f80 },
] as const;

describe.each(formats)("values of $dtype", ({ dtype, decode, nearest, infinite }) => {
  test("are the numbers that they stand for, all of them", () => {
    const data = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const found = toFloat32({ data, dtype, shape: [65536] });
    const wrong = [...data].filter((code) => !Object.is(found[code], decode(code)));
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(found[infinite]).toBe(Number.POSITIVE_INFINITY);
  });

  test("are the nearest of what lies next to them and half way between, ties to even, of either sign", () => {
    const halves = Array.from({ length: infinite }, (_, code) => {
      // What is beyond the greatest is as far from it as what is before.
      const distance =
        code + 1 < infinite ? decode(code + 1) - decode(code) : decode(code) - decode(code - 1);
      return [...around(decode(code)), ...around(decode(code) + distance / 2)];
    }).flat();
    const values = Float32Array.from([...halves, Number.POSITIVE_INFINITY]);
    for (const signed of [values, values.map((value) => -value)]) {
      const { data } = toHalf(signed, dtype);
      const wrong = [...signed].filter((value, i) => data[i] !== nearest(value));
      expect(wrong.slice(0, 5)).toEqual([]);
    }
  });

  test("are no number where there is none", () => {
    const bits = Uint32Array.of(0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff);
    const { data } = toHalf(new Float32Array(bits.buffer), dtype);
    expect([...data].every((code) => Number.isNaN(decode(code)))).toBe(true);
  });
});

test("keep their shape, and a copy is its own", () => {
  const values = toHalf(Float32Array.of(1, -2, 3, 0.5).subarray(1), "bf16", [3, 1]);
  expect(values).toEqual({ data: Uint16Array.of(0xc000, 0x4040, 0x3f00), dtype: "bf16", shape: [3, 1] });
  const plain = Float32Array.of(1, 2);
  const copy = toFloat32(plain);
  copy[0] = 7;
  expect([...plain]).toEqual([1, 2]);
});

function around(value: number): readonly number[] {
  return [value, nextUp(value), -nextUp(-value)];
}
