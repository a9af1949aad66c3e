/**
 * float16 (IEEE 754 binary16) from its definition: sign, five bits of exponent with bias 15, ten of fraction. In
 * float64, where every one of them and every midpoint is exact.
 */

const TOP = 0x7c00;

/** The number that 16 bits stand for. */
export function decodeF16(code: number): number {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >>> 10) & 31;
  const fraction = code & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Round to nearest, ties to even; from halfway to 2^16 on an infinity; a NaN is quiet. */
export function nearestF16(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (size >= 65520) return sign | TOP;
  // The greatest code whose value is at most |x|: codes of one sign order as their values do.
  let [low, high] = [0, TOP];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (decodeF16(middle) <= size) low = middle;
    else high = middle;
  }
  const above = high === TOP ? 65536 : decodeF16(high);
  const [down, up] = [size - decodeF16(low), above - size];
  return sign | (up < down || (up === down && low % 2 === 1) ? high : low);
}
