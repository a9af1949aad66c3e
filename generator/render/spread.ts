import type { KernelState } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment } from "../print/index.js";

/** What is asked of a state's view. */
interface StateView {
  readonly isGathered: boolean;
  readonly likelyRank: number;
  readonly words: number;
}

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

/**
 * How most codes of a run are found by logarithms, where one thread computes what follows from order statistics and all values are
 * known to be positive and normal; null where there is no such way.
 */
export function positionsOf(
  { statistic, straddles }: KernelState,
  { isGathered, likelyRank, words }: StateView,
  dialect: Dialect,
) {
  const positions = statistic?.spread?.positions ?? null;
  if (positions === null || !isGathered || likelyRank === 0) return null;
  if (straddles || !Number.isInteger(words)) return null;
  return {
    restLines: printFragment(positions.rest, dialect),
    octaves: dialect.constants.f32(positions.octaves),
  };
}
