/** float32 values as JavaScript numbers. */

export const smallestNormal = 2 ** -126;

/** The next float32 above a finite float32. */
export function nextUp(value: number): number {
  const float = new Float32Array([value === 0 ? 0 : value]);
  const bits = new Int32Array(float.buffer);
  bits[0] = (bits[0] as number) + (value >= 0 ? 1 : -1);
  return float[0] as number;
}

/** The next float32 below a finite float32. */
export function nextDown(value: number): number {
  return -nextUp(-value);
}

/** The least float32 that is not below a number. */
export function roundedUp(value: number): number {
  const rounded = Math.fround(value);
  return rounded < value ? nextUp(rounded) : rounded;
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The bits of a float32, as a whole number. */
export function bitsOf(value: number): number {
  float[0] = value;
  return word[0] as number;
}

/** The float32 of such bits. */
export function floatOf(bits: number): number {
  word[0] = bits;
  return float[0] as number;
}
