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

/**
 * Away from zero with the probability that the cut-off part says. That part is a fraction of as many bits as the float32
 * has beyond the float16, the lowest of `random` against them; of more than 31 the first 31. From 2^16 on an infinity.
 */
export function stochasticF16(x: number, random: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return sign | 0x7e00;
  if (size >= 65536) return sign | TOP;
  if (size === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(size)), -126);
  const spacing = 2 ** (Math.max(exponent, -14) - 10);
  // Bits of the float32 below the float16's last one.
  const places = Math.min(Math.max(exponent, -14) - 10 - (exponent - 23), 31);
  const steps = size / spacing;
  const below = Math.floor(steps);
  const cut = Math.floor((steps - below) * 2 ** places);
  const up = cut + ((random >>> 0) % 2 ** places) >= 2 ** places;
  const value = (up ? below + 1 : below) * spacing;
  return sign | (value >= 65536 ? TOP : nearestF16(value));
}
