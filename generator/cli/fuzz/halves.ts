import type { QuantizedCodec, ScaleFormat } from "../../lower/plan.js";
import { codeAt, decodeHalf, packCodes } from "./bits.js";

/** Scales as they are stored, read and rounded here without the compiler's own arithmetic. */

const { fround } = Math;
export type StoredScales = Float32Array | Uint32Array;
type HalfFormat = Exclude<ScaleFormat, "f32">;

/** What 16 bits stand for: IEEE 754 binary16, or the upper half of a float32. */
export function valueOfHalf(format: HalfFormat, code: number): number {
  if (format === "bf16") return decodeHalf(code);
  const [exponent, fraction] = [(code >>> 10) & 31, code & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  const finite = exponent < 31 ? size : fraction === 0 ? Infinity : Number.NaN;
  return code & 0x8000 ? -finite : finite;
}

/** The code of the nearest finite value, the even one of two; x is not negative. */
function nearestHalf(format: HalfFormat, most: number, x: number): number {
  // Codes of one sign order as their values do.
  let [low, high] = [0, most];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (valueOfHalf(format, middle) <= x) low = middle;
    else high = middle - 1;
  }
  if (low === most) return low;
  // Exact in float64: neighbours share their leading bits with what lies between them.
  const [down, up] = [x - valueOfHalf(format, low), valueOfHalf(format, low + 1) - x];
  return up < down || (up === down && low % 2 === 1) ? low + 1 : low;
}

const largest: Readonly<Record<HalfFormat, Readonly<Record<QuantizedCodec["scaleOf"], number>>>> = {
  f16: { absmax: 0x7bff, root: 0x7bff },
  // The square of the next would be infinite.
  bf16: { absmax: 0x7f7f, root: 0x5f7f },
};

/** A scale measured as `scale`, as it is stored: its bits, and the value that they decode to. */
export function storedScale({ scale: format, scaleOf }: QuantizedCodec, scale: number) {
  if (format === "f32") return { code: 0, value: scale };
  const given = scaleOf === "root" ? fround(Math.sqrt(scale)) : scale;
  const code = nearestHalf(format, largest[format][scaleOf], given);
  return { code, value: valueOfScale(format, scaleOf, code) };
}

function valueOfScale(format: HalfFormat, scaleOf: QuantizedCodec["scaleOf"], code: number): number {
  const value = valueOfHalf(format, code);
  return scaleOf === "root" ? fround(value * value) : value;
}

/** The scales of so many runs. */
export function scaleValues(
  { scale: format, scaleOf }: QuantizedCodec,
  stored: StoredScales,
  runs: number,
): Float32Array {
  if (format === "f32") return Float32Array.from(stored);
  const words = Uint32Array.from(stored);
  return Float32Array.from({ length: runs }, (_, run) =>
    valueOfScale(format, scaleOf, codeAt(words, 16, run)),
  );
}

/** These scales as a codec is given them; each is one that its format has. */
export function packScales(plan: QuantizedCodec, scales: readonly number[]): StoredScales {
  if (plan.scale === "f32") return Float32Array.from(scales);
  const codes = scales.map((scale) => storedScale(plan, scale).code);
  return packCodes(codes, 16);
}

/** Elements of 4 bytes that the scales of so many runs take. */
export function scaleWords({ scale }: QuantizedCodec, runs: number): number {
  return scale === "f32" ? runs : Math.ceil(runs / 2);
}
