import { decodeBf16, nearestBf16, stochasticBf16 } from "./bfloat16.js";
import type { Random, Rounding } from "./codec.js";
import { decodeF16, nearestF16, stochasticF16 } from "./float16.js";
import { pack } from "./packing.js";

export type Dtype = "f32" | "bf16" | "f16";

/** How a parameter is stored. `master`: as a bfloat16 and a correction, 24 or 32 bits together. */
export interface ParameterCodec {
  readonly dtype: Dtype;
  readonly rounding: Rounding;
  readonly master: 24 | 32 | null;
}

export const plainParameter: ParameterCodec = { dtype: "f32", rounding: "nearest", master: null };

/** A stored parameter. `values` is what it decodes to: what the next step reads. */
export interface StoredParameter {
  readonly stored: Float32Array | Uint16Array;
  /** Packed: see packing.ts. */
  readonly correction: Uint32Array | null;
  readonly values: Float32Array;
}

export function storeParameter(
  values: Float32Array,
  { dtype, rounding, master }: ParameterCodec,
  random: Random,
): StoredParameter {
  if (dtype === "f32") return { stored: values, correction: null, values };
  if (dtype === "bf16" && master !== null) {
    const parts = Array.from(values, (x, i) => split(x, master, rounding === "nearest" ? null : random(i)));
    const codes = parts.map(({ correction }) =>
      correction < 0 ? correction + 2 ** (master - 16) : correction,
    );
    return {
      stored: Uint16Array.from(parts, ({ code }) => code),
      correction: pack(codes, master - 16),
      values: Float32Array.from(parts, ({ value }) => value),
    };
  }
  const [nearest, stochastic, decode] =
    dtype === "bf16" ? [nearestBf16, stochasticBf16, decodeBf16] : [nearestF16, stochasticF16, decodeF16];
  const stored = Uint16Array.from(values, (x, i) =>
    rounding === "nearest" ? nearest(x) : stochastic(x, random(i)),
  );
  return { stored, correction: null, values: Float32Array.from(stored, decode) };
}

/** 16 bits an element, as numbers; float32 as it is. */
export function decodeStored(stored: Float32Array | Uint16Array, dtype: Dtype): Float32Array {
  if (dtype === "f32") return Float32Array.from(stored);
  return Float32Array.from(stored, dtype === "bf16" ? decodeBf16 : decodeF16);
}

/**
 * x is rounded to a float of `bits` bits (8 of exponent); p is the bfloat16 nearest to that, away from zero where two are;
 * the correction is what is left of the magnitude, in units of the last place of the longer float.
 */
export function split(
  x: number,
  bits: 24 | 32,
  random: number | null,
): { readonly code: number; readonly correction: number; readonly value: number } {
  const isPlain = Number.isFinite(x) && x !== 0;
  if (!isPlain) return { code: nearestBf16(x), correction: 0, value: x };
  const unit = unitOf(Math.abs(x), bits - 9);
  const steps = Math.abs(x) / unit;
  const whole = Math.floor(steps);
  const cut = (steps - whole) * 2 ** (32 - bits);
  const half = 2 ** (31 - bits);
  const up =
    random === null
      ? cut > half || (cut === half && cut > 0 && whole % 2 === 1)
      : cut + (random % 2 ** (32 - bits)) >= 2 ** (32 - bits);
  const size = (up ? whole + 1 : whole) * unit;
  const sign = x < 0 ? -1 : 1;
  if (size >= 2 ** 128) return { code: nearestBf16(sign * Infinity), correction: 0, value: sign * Infinity };
  if (size === 0) return { code: nearestBf16(sign * 0), correction: 0, value: sign * 0 };

  const coarse = unitOf(size, 7);
  const rounded = Math.floor(size / coarse + 0.5) * coarse;
  const code = nearestBf16(sign * (rounded >= 2 ** 128 ? Infinity : rounded));
  return { code, correction: (size - rounded) / unitOf(size, bits - 9), value: sign * size };
}

/** The distance of floats with so many bits of fraction at a positive number; subnormals as far apart as the smallest normals. */
function unitOf(size: number, fraction: number): number {
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  if (2 ** (exponent + 1) <= size) exponent++;
  return 2 ** (Math.max(exponent, -126) - fraction);
}
