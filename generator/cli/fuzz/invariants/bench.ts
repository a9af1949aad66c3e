import fc from "fast-check";
import type { QuantizedCodec, TableCodec } from "../../../lower/plan.js";
import { RANK1_BLOCK } from "../../../lower/variants.js";
import { codeAt, formatFloat } from "../bits.js";
import { contents } from "../cases.js";
import { packScales, type StoredScales, scaleValues, scaleWords, storedScale } from "../halves.js";
import { makeTensor } from "../tensors.js";
import { CompandedTable } from "./companded.js";
import { differentLevels, ExactTable, normalize, scaleOf } from "./exact.js";
import { type CodecSubject, expectThat, keysOf } from "./invariant.js";

/** A tensor through a codec and back. */
export interface Quantized {
  readonly codes: readonly number[];
  readonly words: Uint32Array;
  readonly scales: Float32Array;
  /** Empty where runs have none. */
  readonly alphas: Float32Array;
  readonly decoded: Float32Array;
  /** x * (1 / s) of each element, with the scale that the contract gives its run. */
  readonly normalized: readonly number[];
}

/** What tests of a codec with runs do again and again. */
export class RunBench<Plan extends QuantizedCodec = QuantizedCodec> {
  readonly plan: Plan;
  readonly codec: CodecSubject["codec"];
  /** Hostile tensors of sizes about the codec's run. */
  readonly tensors: fc.Arbitrary<Float32Array>;
  /** Seeds of stochastic rounding. */
  readonly seeds: fc.Arbitrary<number> = fc.nat();
  readonly #runSize: number;

  constructor({ plan, codec }: CodecSubject<Plan>) {
    this.#runSize = runSizeOf(plan);
    const run = this.#runSize === Number.POSITIVE_INFINITY ? 100 : this.#runSize;
    const sizes = [0, 1, 2, 3, 7, 31, 32, 33, 65, run - 1, run, run + 1, 2 * run + 3].filter(
      (size) => size <= 5000,
    );
    const ascending = [...new Set(sizes)].sort((a, b) => a - b);
    this.plan = plan;
    this.codec = codec;
    this.tensors = fc
      .tuple(fc.nat(ascending.length - 1), contents())
      .map(([size, spec]) => makeTensor({ length: ascending[size] as number, ...spec }));
  }

  /** Also checks that there are as many words and scales as there must be, and that the scales are right. */
  quantize(values: Float32Array, seed: number): Quantized {
    const { bits } = this.plan;
    const { codes: words, scales: stored, alphas } = this.codec.quantize(values, keysOf(seed));
    const length = Math.ceil((values.length * bits) / 32);
    expectThat(
      words.length === length,
      () => `${values.length} elements take ${length} words, found ${words.length}`,
    );
    const runs = this.runsOf(values.length);
    const wide = scaleWords(this.plan, runs);
    expectThat(
      stored.length === wide,
      () => `the scales of ${values.length} elements take ${wide} words, found ${stored.length}`,
    );
    const scales = scaleValues(this.plan, stored, runs);
    for (const [run, found] of scales.entries()) {
      const scale = storedScale(this.plan, scaleOf(this.run(values, run))).value;
      expectThat(
        found === scale,
        () => `the scale of run ${run} is ${formatFloat(scale)}, found ${formatFloat(found)}`,
      );
    }
    expectThat(
      (alphas?.length ?? 0) === (this.plan.kind === "log" ? runs : 0),
      () => `${values.length} elements have ${alphas?.length ?? 0} alphas`,
    );
    const kept = { codes: words, scales: stored, ...(alphas !== undefined && { alphas }) };
    const decoded = this.codec.dequantize(kept, values.length);
    const codes = Array.from(values, (_, i) => codeAt(words, bits, i));
    const normalized = Array.from(values, (x, i) => normalize(x, scales[this.runOf(i)] as number));
    return { codes, words, scales, alphas: alphas ?? new Float32Array(0), decoded, normalized };
  }

  /** The values behind a largest one in each run, which so has the scale |anchor|; none where a run has one element. */
  anchored(
    values: readonly number[],
    anchor: number,
  ): { readonly tensor: Float32Array; readonly places: readonly number[] } {
    const tensor: number[] = [];
    const places: number[] = [];
    if (this.#runSize > 1) {
      for (const value of values) {
        if (tensor.length % this.#runSize === 0 || tensor.length === 0) tensor.push(anchor);
        places.push(tensor.length);
        tensor.push(value);
      }
    }
    return { tensor: Float32Array.from(tensor), places };
  }

  /** Powers of two that are scales of the codec, by their exponents: levels times one are divided by it exactly. */
  get exponents(): fc.Arbitrary<number> {
    const { scale, scaleOf: of } = this.plan;
    const most = scale === "f16" ? 15 : 30;
    return of === "root" ? fc.nat(most).map((half) => 2 * half) : fc.nat(scale === "f16" ? most : 60);
  }

  /** Scales of runs as the codec keeps them. */
  stored(scales: readonly number[]): StoredScales {
    return packScales(this.plan, scales);
  }

  runOf(element: number): number {
    return Math.floor(element / this.#runSize);
  }

  runsOf(length: number): number {
    if (this.plan.normalize === "col") return Math.min(length, 1);
    return this.#runSize === Number.POSITIVE_INFINITY ? 1 : Math.ceil(length / this.#runSize);
  }

  run(values: Float32Array, run: number): Float32Array {
    return this.#runSize === Number.POSITIVE_INFINITY
      ? values
      : values.subarray(run * this.#runSize, (run + 1) * this.#runSize);
  }
}

/** How many elements of a tensor of one dimension share a scale: it is one column, of rows of one element. */
function runSizeOf({ normalize }: QuantizedCodec): number {
  if (typeof normalize === "object") return normalize.block;
  if (normalize === "rank1") return RANK1_BLOCK.block;
  return normalize === "row" ? 1 : Number.POSITIVE_INFINITY;
}

/** A bench of a codec with one table. */
export class TableBench extends RunBench<TableCodec> {
  /** Ascending, each once. */
  readonly levels: readonly number[];
  readonly table: ExactTable;

  constructor(subject: CodecSubject<TableCodec>) {
    super(subject);
    const { levels, signed, compand } = subject.plan;
    this.levels = differentLevels(levels);
    this.table =
      compand === null ? new ExactTable(this.levels) : new CompandedTable(this.levels, signed, compand);
  }
}
