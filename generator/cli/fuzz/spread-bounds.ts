import { type Interval, inInterval, pointInterval, rounded } from "../../ir/interval.js";
import type { Spread, StateVariables } from "../../ir/types.js";
import { formatInterval } from "./admission.js";
import { bitsOf, formatFloat, fromBits } from "./bits.js";
import type { Place } from "./difference.js";
import type { EachWay, IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import type { TensorImage } from "./reference.js";

type Cells = Readonly<Record<keyof StateVariables, IntervalCell>>;

/** The alphas of a state's runs: what they may be, given what each magnitude may be and the scales that were stored. */
export class SpreadBounds {
  readonly #array: string;
  readonly #name: string;
  readonly #runSize: number;
  readonly #cells: Cells;
  readonly #each: Readonly<Record<"rank" | "alpha" | "rate", EachWay>>;
  #alphas = new Float32Array(0);
  #least = new Float32Array(0);
  #most = new Float32Array(0);
  /** By run: what the device may have computed of the alpha that it stored. */
  #rates: Interval[] = [];
  #roots: Interval[] = [];

  constructor(
    name: string,
    runSize: number,
    { rank, alpha, rate }: Spread,
    cells: Cells,
    evaluation: IntervalEvaluation,
  ) {
    this.#name = name;
    this.#array = `${name}_alpha`;
    this.#runSize = runSize;
    this.#cells = cells;
    this.#each = {
      rank: evaluation.compile(rank),
      alpha: evaluation.compile(alpha),
      rate: evaluation.compile(rate),
    };
  }

  open(before: TensorImage, after: TensorImage): void {
    this.#alphas = after.arrays[this.#array] as Float32Array<ArrayBuffer>;
    this.#least = new Float32Array(before.length);
    this.#most = new Float32Array(before.length);
    const { newAlpha, rate, root } = this.#cells;
    const hulls = (cell: IntervalCell): Interval[] =>
      Array.from(this.#alphas, (alpha) => {
        newAlpha.value = only(alpha);
        return hull(this.#each.rate, cell);
      });
    this.#rates = hulls(rate);
    this.#roots = hulls(root);
  }

  /** Takes the bounds of an element's magnitude. */
  measure(element: number, least: number, most: number): void {
    this.#least[element] = least;
    this.#most[element] = most;
  }

  encode(run: number): void {
    this.#cells.newAlpha.value = only(this.#alphas[run] as number);
    this.#cells.rate.value = this.#rates[run] as Interval;
    this.#cells.root.value = this.#roots[run] as Interval;
  }

  difference(inverses: readonly Interval[]): Place | null {
    for (const [run, found] of this.#alphas.entries()) {
      const allowed = this.#allowed(run, inverses[run] as Interval);
      if (allowed.some((interval) => inInterval(found, interval))) continue;
      const expected = allowed.map(formatInterval).join(" or ");
      return { what: `the alpha of ${this.#name}`, where: `run ${run}`, expected, found: formatFloat(found) };
    }
    return null;
  }

  /** For each number of magnitudes that may be above 0; alpha grows with each of them and with 1 / s. */
  #allowed(run: number, inverse: Interval): Interval[] {
    const [start, end] = [run * this.#runSize, (run + 1) * this.#runSize];
    const [least, most] = [this.#least.slice(start, end), this.#most.slice(start, end)];
    const sure = [...least.keys()].filter((i) => (least[i] as number) > 0);
    const open = [...least.keys()].filter((i) => (most[i] as number) > 0 && (least[i] as number) === 0);
    const greatest = open.map((i) => most[i] as number).sort((a, b) => b - a);
    return Array.from({ length: open.length + 1 }, (_, others) => {
      const low = [...sure.map((i) => least[i] as number), ...Array<number>(others).fill(2 ** -126)];
      const high = [...sure.map((i) => most[i] as number), ...greatest.slice(0, others)];
      const isOne = others === 0 && low.every((magnitude, i) => magnitude === high[i]);
      const limits = isOne ? inverse : unlimited;
      return {
        lo: Math.min(...floatsFrom(inverse.lo, 1, limits).map((r) => this.#alpha(low, least.length, r).lo)),
        hi: Math.max(...floatsFrom(inverse.hi, -1, limits).map((r) => this.#alpha(high, least.length, r).hi)),
        nan: false,
      };
    });
  }

  #alpha(above: number[], length: number, inverse: number): Interval {
    const { runLength, counted, rank, lower, upper, newAlpha } = this.#cells;
    const ordered = Float32Array.from(above).sort();
    runLength.value = length;
    counted.value = ordered.length;
    this.#cells.inverse.value = only(inverse);
    this.#each.rank(() => {});
    const place = Math.max((rank.value as number) - (length - ordered.length), 0);
    lower.value = only(ordered[place] ?? 0);
    upper.value = only(ordered[place + 1] ?? ordered[place] ?? 0);
    return hull(this.#each.alpha, newAlpha);
  }
}

/** Floats that a bound is taken at: polynomials grow but for their last digits, so one further in may reach further out. */
const NEAR = 12;
const unlimited: Pick<Interval, "lo" | "hi"> = { lo: 0, hi: Number.POSITIVE_INFINITY };

/** A positive float and those that follow it, up or down, within limits. */
function floatsFrom(start: number, side: 1 | -1, { lo, hi }: Pick<Interval, "lo" | "hi">): number[] {
  const first = bitsOf(start);
  const found = Array.from({ length: NEAR }, (_, k) => fromBits(Math.max(first + side * k, 0)));
  return found.filter((value, k) => k === 0 || (value >= lo && value <= hi));
}

function hull(each: EachWay, cell: IntervalCell): Interval {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  each(() => {
    const found = rounded(cell.value as Interval);
    [lo, hi] = [Math.min(lo, found.lo), Math.max(hi, found.hi)];
  });
  return { lo, hi, nan: false };
}

/** A bound as it is: that it may be read as zero is in the interval already. */
export function only(value: number): Interval {
  return Number.isNaN(value) ? pointInterval(value) : { lo: value, hi: value, nan: false };
}
