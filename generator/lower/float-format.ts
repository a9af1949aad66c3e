/** Small floating-point formats, of any number of bits. */

export interface FloatFormat {
  /** Bits of the exponent; what sign and exponent leave is the fraction. */
  readonly exponent: number;
  /** The greatest value; every code is a number where it is left out. */
  readonly largest?: number | undefined;
}

/**
 * Values from 0 up of 2^(bits without the sign) codes, as IEEE 754 has them with the bias 2^(exponent - 1) - 1: the
 * lowest exponent is subnormal. The highest is an exponent like any other, as a state keeps no infinity and no NaN.
 */
export function floatValues({ exponent }: FloatFormat, bits: number, signed: boolean): number[] {
  const fraction = bits - (signed ? 1 : 0) - exponent;
  const bias = 2 ** (exponent - 1) - 1;
  return Array.from({ length: 2 ** (exponent + fraction) }, (_, code) => {
    const [power, rest] = [Math.floor(code / 2 ** fraction), (code % 2 ** fraction) / 2 ** fraction];
    return power === 0 ? rest * 2 ** (1 - bias) : (1 + rest) * 2 ** (power - bias);
  });
}

/** float32: the format's values over the largest one, so that this is 1; zero is one level, not two. */
export function floatLevels(format: FloatFormat, bits: number, signed: boolean): number[] {
  const values = floatValues(format, bits, signed);
  const largest = format.largest ?? (values.at(-1) as number);
  const levels = values.filter((value) => value <= largest).map((value) => Math.fround(value / largest));
  const negative = levels.slice(1).map((level) => -level);
  return signed ? [...negative.reverse(), ...levels] : levels;
}
