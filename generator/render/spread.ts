import type { KernelState } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment } from "../print/index.js";

/**
 * What follows from a run's order statistics, where a language has quotients and roots for operands of ordinary size: what
 * is divided by 2^bits - 1 is a logarithm, zero or no less than 2^-24, and alpha of two bits or more is zero or no less than
 * 2^-50. Null where there are no such operations.
 */
export function ordinarySpread({ statistic, bits }: KernelState, dialect: Dialect) {
  const spread = statistic?.spread ?? null;
  const { ordinary, quotientByConstant } = dialect;
  if (spread === null || bits < 2 || ordinary === null || quotientByConstant === undefined) return null;
  const spelled: Dialect = {
    ...dialect,
    ops: { ...dialect.ops, ...ordinary, "f32.div": quotientByConstant },
  };
  return {
    alphaLines: printFragment(spread.alpha, spelled),
    rateLines: printFragment(spread.rate, spelled),
  };
}
