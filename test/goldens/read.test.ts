import { expect, test } from "vitest";
import { parseSafetensors, readGoldens } from "./read.js";

/** A file of one tensor, by hand. */
function file(dtype: string, bytes: number[]): Uint8Array {
  const header = JSON.stringify({
    __metadata__: { made: "by hand" },
    x: { dtype, shape: [1], data_offsets: [0, bytes.length] },
  });
  const length = [header.length & 255, header.length >>> 8, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...length, ...new TextEncoder().encode(header), ...bytes]);
}

test("a tensor is what its bytes say, its dtype is checked, metadata is no tensor", () => {
  const one = parseSafetensors(file("F32", [0, 0, 128, 63]));
  expect(one.names).toEqual(["x"]);
  expect(one.f32("x")).toEqual(Float32Array.of(1));
  expect(() => one.u8("x")).toThrow("x is F32");
  expect(() => one.f32("y")).toThrow("no golden named y");
  expect(parseSafetensors(file("I8", [255])).u8("x")).toEqual(Uint8Array.of(255));
});

test.each(["codebooks", "codecs", "rank1", "trajectories", "whole-tensors"])(
  "%s.safetensors ends where its last tensor does",
  (name) => {
    const goldens = readGoldens(`${name}.safetensors`);
    const last = goldens.names.at(-1) ?? "";
    expect(goldens.f32(last).length).toBeGreaterThan(0);
    expect(goldens.f32(last).every(Number.isFinite)).toBe(true);
  },
);
