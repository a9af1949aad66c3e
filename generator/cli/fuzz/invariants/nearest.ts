import fc from "fast-check";
import { formatFloat } from "../bits.js";
import type { TableBench } from "./bench.js";
import { expectThat, type Invariant } from "./invariant.js";

/** Invariants of rounding to the nearest level. */
export function nearestInvariants(bench: TableBench): Invariant[] {
  return [
    nearestInvariant(bench),
    monotoneInvariant(bench),
    ...(bench.plan.signed ? [signInvariant(bench)] : []),
  ];
}

function nearestInvariant(bench: TableBench): Invariant {
  const { levels, plan } = bench;
  const domain = plan.compand === null ? "" : `, on the grid of ${plan.compand}`;
  return {
    name: "nearest",
    claim: `the nearest level is taken${domain}, the upper of two, the first for NaN`,
    property: fc.property(bench.tensors, (values) => {
      const { codes, normalized } = bench.quantize(values, 0);
      for (const [i, code] of codes.entries()) {
        const n = normalized[i] as number;
        const nearest = bench.table.nearest(n);
        const [first = 0] = nearest;
        const [wanted, found] = [levels[first] as number, levels[code] as number];
        expectThat(
          nearest.includes(code),
          () =>
            `element ${i}, normalized ${formatFloat(n)}, takes level ${nearest.join(" or ")}, ${formatFloat(wanted)}, found ${code}, ${formatFloat(found)}`,
        );
      }
    }),
  };
}

function monotoneInvariant(bench: TableBench): Invariant {
  return {
    name: "monotone",
    claim: "a greater value has no smaller code",
    property: fc.property(bench.tensors, (values) => {
      const sorted = values.slice();
      for (let run = 0; run < bench.runsOf(values.length); run++) bench.run(sorted, run).sort();
      const { codes, normalized } = bench.quantize(sorted, 0);
      // An infinity in a run without a scale has no place either.
      const numbers = [...codes.keys()].filter((i) => !Number.isNaN(normalized[i]));
      for (const [index, i] of numbers.entries()) {
        const before = numbers[index - 1] ?? i;
        if (bench.runOf(before) !== bench.runOf(i)) continue;
        const grows = (codes[before] as number) <= (codes[i] as number);
        expectThat(
          grows,
          () => `${sorted[before]} has the code ${codes[before]}, and ${sorted[i]} the code ${codes[i]}`,
        );
      }
    }),
  };
}

function signInvariant(bench: TableBench): Invariant {
  const { levels } = bench;
  return {
    name: "sign",
    claim: "a value and its negative are rounded alike, where the table is symmetric",
    property: fc.property(bench.tensors, (values) => {
      const [positive, negative] = [
        bench.quantize(values, 0),
        bench.quantize(
          values.map((value) => -value),
          0,
        ),
      ];
      for (const [i, code] of positive.codes.entries()) {
        const n = positive.normalized[i] as number;
        // Halfway between two levels the upper one is taken, whatever the sign.
        if (Number.isNaN(n) || bench.table.isMiddle(n) || !bench.table.isMirrored(code)) continue;
        const [level, mirrored] = [levels[code] as number, levels[negative.codes[i] as number] as number];
        expectThat(
          mirrored === -level,
          () => `${values[i]} takes the level ${level}, and ${-(values[i] as number)} takes ${mirrored}`,
        );
      }
    }),
  };
}
