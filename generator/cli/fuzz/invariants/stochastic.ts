import fc from "fast-check";
import { formatFloat } from "../bits.js";
import type { TableBench } from "./bench.js";
import { expectThat, type Invariant } from "./invariant.js";

/** How often a codec without bias is called biased: once in 10^9 runs of the invariant. */
export const FALSE_ALARM = 1e-9;

/** Hoeffding: n sums of independent values in [0, 1] leave this distance to their mean with that probability. */
export function deviationLimit(draws: number): number {
  return Math.sqrt((draws / 2) * Math.log(2 / FALSE_ALARM));
}

/** Invariants of stochastic rounding; that no level moves is one of every table. */
export function stochasticInvariants(bench: TableBench): Invariant[] {
  return [neighbourInvariant(bench), unbiasedInvariant(bench)];
}

function neighbourInvariant(bench: TableBench): Invariant {
  const { levels } = bench;
  return {
    name: "neighbours",
    claim: "a value is rounded to one of the levels beside it, and a level to itself",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { codes, normalized } = bench.quantize(values, seed);
      for (const [i, code] of codes.entries()) {
        const n = normalized[i] as number;
        const below = bench.table.below(n);
        const between = n > (levels[below] as number) && below + 1 < levels.length;
        expectThat(
          code === below || (between && code === below + 1),
          () => `element ${i}, normalized ${formatFloat(n)}, lies above level ${below} and has code ${code}`,
        );
      }
    }),
  };
}

function unbiasedInvariant(bench: TableBench): Invariant {
  const { levels } = bench;
  const draws = 8192;
  return {
    name: "unbiased",
    claim: `up with the probability (n - a) / (b - a); false alarm once in ${1 / FALSE_ALARM}`,
    property: fc.property(
      fc.nat(levels.length - 2),
      fc.double({ min: 0, max: 1, noNaN: true }),
      bench.seeds,
      (below, part, seed) => {
        const [a, b] = [levels[below] as number, levels[below + 1] as number];
        const n = Math.fround(a + part * (b - a));
        if (!(n >= a && n < b)) return;
        const { tensor, places } = bench.anchored(Array<number>(draws).fill(n), 1);
        const { codes } = bench.quantize(tensor, seed);
        const ups = places.filter((place) => codes[place] === below + 1).length;
        const expected = (places.length * (n - a)) / (b - a);
        expectThat(
          Math.abs(ups - expected) <= deviationLimit(places.length),
          () =>
            `${formatFloat(n)} between ${a} and ${b} went up ${ups} times in ${places.length}, expected about ${expected.toFixed(0)}`,
        );
      },
    ),
  };
}
