import { type Interval, inInterval, rounded } from "../../ir/interval.js";
import { formatCode, formatFloat, fromBits } from "./bits.js";

/** Whether what a device stored may come from the values of an interval, and what may. */
export interface Admission {
  readonly admitted: boolean;
  /** All codes that may; none of a state without codes, and none where they are too many to list. */
  readonly codes: readonly number[];
  readonly allowed: string;
  readonly found: string;
}

export function admitFloat(found: number, interval: Interval): Admission {
  return {
    admitted: inInterval(found, interval),
    codes: [],
    get allowed() {
      return formatInterval(interval);
    },
    get found() {
      return formatFloat(found);
    },
  };
}

export function admitCode(found: number, codes: readonly number[]): Admission {
  return {
    admitted: codes.includes(found),
    codes,
    get allowed() {
      return codes.map(formatCode).join(" or ");
    },
    get found() {
      return formatCode(found);
    },
  };
}

/**
 * Some bfloat16 between those of the bounds: rounding, with one random word, grows with the value.
 *
 * @param encode a float32 to its bfloat16, as the upper half of the bits
 */
export function admitHalf(code: number, interval: Interval, encode: (value: number) => number): Admission {
  const { lo, hi, nan } = rounded(interval);
  const decode = (half: number): number => fromBits(half << 16);
  const [found, least, most] = [decode(code), decode(encode(lo)), decode(encode(hi))];
  const isBetween = lo <= hi && found >= least && found <= most;
  return {
    admitted: Number.isNaN(found) ? nan : isBetween,
    codes: least === most ? [code] : [],
    get allowed() {
      return formatInterval(lo <= hi ? { lo: least, hi: most, nan } : interval);
    },
    get found() {
      return formatFloat(found);
    },
  };
}

export function formatInterval(interval: Interval): string {
  const { lo, hi, nan } = rounded(interval);
  const range = lo === hi ? formatFloat(lo) : `${formatFloat(lo)} to ${formatFloat(hi)}`;
  return [...(lo <= hi ? [range] : []), ...(nan ? ["NaN"] : [])].join(" or ");
}
