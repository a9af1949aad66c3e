/** Bits of what is stored, read and written here without the compiler's own packing. */

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** 0x3f800000 for 1. */
export function bitsOf(value: number): number {
  float[0] = value;
  return word[0] as number;
}

export function fromBits(bits: number): number {
  word[0] = bits;
  return float[0] as number;
}

/** A float32 with its bits: `0.1 (0x3dcccccd)`. */
export function formatFloat(value: number): string {
  return `${Math.fround(value)} (0x${bitsOf(value).toString(16).padStart(8, "0")})`;
}

/** Code `index` of an LSB-first bitstream: bits [index * width, (index + 1) * width). */
export function codeAt(words: Uint32Array, width: number, index: number): number {
  const start = index * width;
  const shift = start % 32;
  const low = (words[Math.floor(start / 32)] as number) >>> shift;
  const high = shift + width > 32 ? (words[Math.floor(start / 32) + 1] as number) << (32 - shift) : 0;
  return (low | high) & (2 ** width - 1);
}

/** Codes as such a bitstream; what is left of the last word is 0. */
export function packCodes(codes: readonly number[], width: number): Uint32Array {
  const words = new Uint32Array(Math.ceil((codes.length * width) / 32));
  for (const [index, code] of codes.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const at = index * width + bit;
      if ((code >>> bit) & 1)
        words[Math.floor(at / 32)] = (words[Math.floor(at / 32)] as number) | (1 << (at % 32));
    }
  }
  return words;
}

/** Bit for bit, except that every NaN is the same. */
export function sameFloat(a: number, b: number): boolean {
  return Object.is(a, b) || (a === b && bitsOf(a) === bitsOf(b));
}

/** The float32 that a bfloat16 is. */
export function decodeHalf(code: number): number {
  return fromBits((code << 16) >>> 0);
}

/** What stands behind the first `used` bits of a bitstream and should be 0. */
export function restDifference(words: Uint32Array, used: number) {
  const rest = used % 32 === 0 ? 0 : (words.at(-1) as number) >>> (used % 32);
  if (rest === 0) return null;
  return { where: "the bits after the last element", expected: "0", found: formatCode(rest) };
}

/** `5 (0x5)` */
export function formatCode(code: number): string {
  return `${code} (0x${code.toString(16)})`;
}
