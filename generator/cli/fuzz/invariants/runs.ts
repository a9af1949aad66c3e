import fc from "fast-check";
import { bitsOf, formatCode, packCodes, restDifference } from "../bits.js";
import type { RunBench } from "./bench.js";
import { expectThat, type Invariant } from "./invariant.js";

/** Invariants of whatever is normalized by runs. */

export function finiteInvariant(bench: RunBench): Invariant {
  return {
    name: "finite",
    claim: "whatever is encoded decodes to finite values, and unused bits are 0",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { decoded, words } = bench.quantize(values, seed);
      const i = decoded.findIndex((value) => !Number.isFinite(value));
      expectThat(i < 0, () => `element ${i}, ${values[i]}, decodes to ${decoded[i]}`);
      const rest = restDifference(words, values.length * bench.plan.bits);
      expectThat(rest === null, () => `the bits after the last element are ${rest?.found}`);
    }),
  };
}

export function unsignedInvariant(bench: RunBench): Invariant {
  return {
    name: "unsigned",
    claim: "no value of an unsigned state decodes to a negative one",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { decoded } = bench.quantize(values, seed);
      const i = decoded.findIndex((value) => !(value >= 0));
      expectThat(i < 0, () => `element ${i}, ${values[i]}, decodes to ${decoded[i]}`);
    }),
  };
}

export function vanishedInvariant(bench: RunBench): Invariant {
  const { bits, kind } = bench.plan;
  return {
    name: "zero-scale",
    claim: "a run with the scale 0 decodes to exact zeros",
    property: fc.property(fc.array(fc.nat(2 ** bits - 1), { maxLength: 200 }), (codes) => {
      const runs = bench.runsOf(codes.length);
      const scales = bench.stored(Array<number>(runs).fill(0));
      const decoded = bench.codec.dequantize(
        { codes: packCodes(codes, bits), scales, ...(kind === "log" && { alphas: new Float32Array(runs) }) },
        codes.length,
      );
      const i = decoded.findIndex((value) => value !== 0);
      expectThat(
        i < 0,
        () => `element ${i}, code ${formatCode(codes[i] as number)}, decodes to ${decoded[i]}`,
      );
    }),
  };
}

export function isolationInvariant(bench: RunBench): Invariant {
  return {
    name: "isolation",
    claim: "no block touches another",
    property: fc.property(
      bench.tensors,
      bench.tensors,
      fc.nat(),
      bench.seeds,
      (values, others, pick, seed) => {
        const runs = bench.runsOf(values.length);
        const changed = values.slice();
        const target = bench.run(changed, pick % Math.max(runs, 1));
        target.set(others.subarray(0, target.length));
        const [before, after] = [bench.quantize(values, seed), bench.quantize(changed, seed)];
        for (const i of values.keys()) {
          if (bench.runOf(i) === pick % runs) continue;
          const same =
            before.codes[i] === after.codes[i] &&
            bitsOf(before.decoded[i] as number) === bitsOf(after.decoded[i] as number);
          expectThat(
            same,
            () => `run ${pick % runs} changed, and with it element ${i} of run ${bench.runOf(i)}`,
          );
        }
      },
    ),
  };
}
