import fc from "fast-check";
import type { TableCodec } from "../../../lower/plan.js";
import { formatCode, formatFloat, packCodes } from "../bits.js";
import { TableBench } from "./bench.js";
import { type CodecSubject, expectThat, type Invariant } from "./invariant.js";
import { nearestInvariants } from "./nearest.js";
import { finiteInvariant, isolationInvariant, unsignedInvariant, vanishedInvariant } from "./runs.js";
import { stochasticInvariants } from "./stochastic.js";

/** Invariants of a codec that is a table, whatever its rounding; then those of its rounding. */
export function tableInvariants(subject: CodecSubject<TableCodec>): Invariant[] {
  const bench = new TableBench(subject);
  const rounding =
    subject.plan.rounding === "nearest" ? nearestInvariants(bench) : stochasticInvariants(bench);
  const { signed, levels } = subject.plan;
  return [
    levelsInvariant(bench),
    packingInvariant(bench),
    finiteInvariant(bench),
    ...(levels.includes(0) ? [zeroInvariant(bench)] : []),
    ...(signed ? [] : [unsignedInvariant(bench)]),
    vanishedInvariant(bench),
    isolationInvariant(bench),
    ...rounding,
  ];
}

function levelsInvariant(bench: TableBench): Invariant {
  const { levels, exponents } = bench;
  return {
    name: "levels",
    claim: "every level is encoded to itself",
    property: fc.property(exponents, bench.seeds, (exponent, seed) => {
      const values = levels.map((level) => level * 2 ** exponent);
      const { tensor, places } = bench.anchored(values, 2 ** exponent);
      const { codes, decoded } = bench.quantize(tensor, seed);
      for (const [level, place] of places.entries()) {
        const [code, value] = [codes[place], decoded[place] as number];
        expectThat(
          code === level,
          () => `level ${level}, ${formatFloat(levels[level] as number)}, got code ${code}`,
        );
        expectThat(
          value === values[level],
          () => `level ${level} times 2^${exponent} decodes to ${formatFloat(value)}`,
        );
      }
    }),
  };
}

function packingInvariant(bench: TableBench): Invariant {
  const { bits, levels } = bench.plan;
  const codes = fc.array(fc.nat(2 ** bits - 1), { maxLength: 200 });
  const powers = fc.array(bench.exponents, { minLength: 201, maxLength: 201 });
  return {
    name: "packing",
    claim: "codes are an LSB-first bitstream, and decode to level times scale",
    property: fc.property(codes, powers, (codes, scales) => {
      const runs = Array.from(
        { length: bench.runsOf(codes.length) },
        (_, run) => 2 ** (scales[run] as number),
      );
      const arrays = { codes: packCodes(codes, bits), scales: bench.stored(runs) };
      const decoded = bench.codec.dequantize(arrays, codes.length);
      for (const [i, code] of codes.entries()) {
        const value = (levels[code] as number) * (runs[bench.runOf(i)] as number);
        const found = decoded[i] as number;
        expectThat(
          found === value,
          () =>
            `element ${i}, code ${formatCode(code)}, is ${formatFloat(value)}, found ${formatFloat(found)}`,
        );
      }
    }),
  };
}

function zeroInvariant(bench: TableBench): Invariant {
  return {
    name: "zero",
    claim: "zero stays zero",
    property: fc.property(bench.tensors, bench.seeds, (values, seed) => {
      const { decoded } = bench.quantize(values, seed);
      const i = values.findIndex((value, element) => value === 0 && decoded[element] !== 0);
      expectThat(i < 0, () => `element ${i} is 0 and decodes to ${decoded[i]}`);
    }),
  };
}
