import { decodeBf16, nearestBf16 } from "./bfloat16.js";
import { decodeF16, nearestF16 } from "./float16.js";

/** How a scale is kept: as it is or in 16 bits; of a square-root companded state in 16 bits, its root is. */
export interface ScaleFormat {
  readonly scale: "f32" | "f16" | "bf16";
  readonly root: boolean;
}

/**
 * The bits that are stored of a scale (none of a float32) and the scale that they mean: rounded to nearest, ties to
 * even; what lies above the largest finite number becomes that, so that neither it nor its square is infinite.
 */
export function roundedScale(scale: number, { scale: format, root }: ScaleFormat) {
  if (format === "f32") return { code: 0, value: scale };
  const given = root ? Math.fround(Math.sqrt(scale)) : scale;
  const [round, read] = format === "f16" ? [nearestF16, decodeF16] : [nearestBf16, decodeBf16];
  let code = round(given);
  const meaning = (): number => (root ? Math.fround(read(code) ** 2) : read(code));
  while (!Number.isFinite(meaning())) code--;
  return { code, value: meaning() };
}

/** The scale that stored bits mean. */
export function scaleOfBits(code: number, { scale: format, root }: ScaleFormat): number {
  const value = format === "f16" ? decodeF16(code) : decodeBf16(code);
  return root ? Math.fround(value * value) : value;
}
