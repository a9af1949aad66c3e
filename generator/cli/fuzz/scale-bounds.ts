import { Evaluation } from "../../ir/evaluate.js";
import { type Interval, inInterval, pointInterval, rounded } from "../../ir/interval.js";
import type { HalfScale, Kernel, StateVariables, Statistic } from "../../ir/types.js";
import { formatInterval } from "./admission.js";
import { formatCode, formatFloat, restDifference } from "./bits.js";
import type { Place } from "./difference.js";
import type { StoredScales } from "./halves.js";
import type { EachWay, IntervalEvaluation } from "./interval-evaluation.js";

/** Scales over intervals: what a device may have made of a maximum, and of a scale that it stored. */
export class ScaleBounds {
  readonly #evaluation: IntervalEvaluation;
  readonly #variables: StateVariables;
  readonly #each: EachWay;
  readonly #half: ScaleMemory | null;

  constructor(
    { scale, half }: Statistic,
    variables: StateVariables,
    kernel: Kernel,
    evaluation: IntervalEvaluation,
  ) {
    this.#evaluation = evaluation;
    this.#variables = variables;
    this.#each = evaluation.compile(scale);
    this.#half = half === null ? null : new ScaleMemory(half, variables, kernel);
  }

  /** The scales of so many runs. */
  values(stored: StoredScales, runs: number): Float32Array<ArrayBuffer> {
    const half = this.#half;
    if (half === null) return Float32Array.from(stored);
    return Float32Array.from({ length: runs }, (_, run) => half.read(stored, run).value);
  }

  /** The reciprocals that the device may have of a scale that it stored: what is rounded once stays. */
  inverseOf(scale: number): Interval {
    let [lo, hi] = [Number.POSITIVE_INFINITY, 0];
    this.#waysOf(pointInterval(scale), () => {
      const inverse = rounded(this.#evaluation.cell(this.#variables.inverse).value as Interval);
      [lo, hi] = [Math.min(lo, inverse.lo), Math.max(hi, inverse.hi)];
    });
    return { lo, hi, nan: false };
  }

  /** What is wrong with the stored scale of a run whose maximum lies between two floats. */
  difference(stored: StoredScales, run: number, least: number, most: number): Omit<Place, "what"> | null {
    const where = `run ${run}`;
    if (this.#half === null) {
      const found = stored[run] as number;
      const allowed: Interval[] = [];
      this.#waysOf({ lo: least, hi: most, nan: false }, () =>
        allowed.push(this.#evaluation.cell(this.#variables.newScale).value as Interval),
      );
      if (allowed.some((interval) => inInterval(found, interval))) return null;
      const expected = allowed.map(formatInterval).join(" or ");
      return { where, expected, found: formatFloat(found) };
    }
    // Rounding is by bits, which an interval has not: it grows with the maximum, so between those of the ends.
    const codes: number[] = [];
    for (const bound of new Set([least, most])) {
      this.#waysOf(pointInterval(bound), () =>
        codes.push(this.#evaluation.cell(this.#variables.newScaleCode).value as number),
      );
    }
    const { code } = this.#half.read(stored, run);
    const [low, high] = [Math.min(...codes), Math.max(...codes)];
    if (code >= low && code <= high) return null;
    const expected = low === high ? formatCode(low) : `${formatCode(low)} to ${formatCode(high)}`;
    return { where, expected, found: formatCode(code) };
  }

  /** What stands behind the last scale and should be 0. */
  rest(stored: StoredScales, runs: number) {
    return this.#half === null ? null : restDifference(Uint32Array.from(stored), runs * 16);
  }

  #waysOf(absmax: Interval, visit: () => void): void {
    this.#evaluation.cell(this.#variables.absmax).value = absmax;
    this.#each(visit);
  }
}

/** Scales in words, read as the kernel reads them. */
class ScaleMemory {
  readonly #evaluation: Evaluation;
  readonly #variables: StateVariables;
  readonly #steps: readonly [locate: () => void, unpack: () => void, decode: () => void];

  constructor({ locate, unpack, decode }: HalfScale, variables: StateVariables, kernel: Kernel) {
    const evaluation = new Evaluation(kernel.tables);
    this.#evaluation = evaluation;
    this.#variables = variables;
    this.#steps = [evaluation.compile(locate), evaluation.compile(unpack), evaluation.compile(decode)];
  }

  read(stored: StoredScales, run: number): { readonly code: number; readonly value: number } {
    const { scaleRun, scaleWord, scaleBits, scaleCode, scale } = this.#variables;
    const [locate, unpack, decode] = this.#steps;
    this.#evaluation.cell(scaleRun).value = run;
    locate();
    this.#evaluation.cell(scaleBits).value = stored[this.#evaluation.cell(scaleWord).value] as number;
    unpack();
    decode();
    return { code: this.#evaluation.cell(scaleCode).value, value: this.#evaluation.cell(scale).value };
  }
}
