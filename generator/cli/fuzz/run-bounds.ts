import { geometryOf, scaleCount, scalePlaces } from "../../ir/geometry.js";
import { type Interval, pointInterval, rounded } from "../../ir/interval.js";
import type { Fragment, Kernel, KernelState, ScaleRun, StateVariables, Statistic } from "../../ir/types.js";
import { type Admission, admitCode } from "./admission.js";
import { codeAt, restDifference } from "./bits.js";
import type { Place } from "./difference.js";
import type { StoredScales } from "./halves.js";
import type { EachWay, IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import type { TensorImage } from "./reference.js";
import { ScaleBounds } from "./scale-bounds.js";
import { only, SpreadBounds } from "./spread-bounds.js";
import type { StateBounds } from "./state-bounds.js";

type KernelCells = Readonly<Record<"element" | "elementHigh" | "tensorId", IntervalCell>>;

/** A state of codes and scales, and of what else is kept of its runs. */
export class RunBounds implements StateBounds {
  readonly name: string;
  readonly hasCodes = true;
  readonly value: IntervalCell;
  readonly #bits: number;
  readonly #run: ScaleRun;
  readonly #cells: Readonly<Record<keyof StateVariables, IntervalCell>>;
  readonly #kernelCells: KernelCells;
  readonly #each: Readonly<Record<"decode" | "magnitude" | "stream" | "encode", EachWay>>;
  #geometry = geometryOf([0]);
  #tensor = {
    length: 0,
    oldCodes: new Uint32Array(0),
    oldScales: new Float32Array(0),
    oldAlphas: null as Float32Array | null,
    codes: new Uint32Array(0),
    scales: new Float32Array(0) as StoredScales,
    newScales: new Float32Array(0),
  };
  readonly #scales: ScaleBounds;
  #least = new Float32Array(0);
  #most = new Float32Array(0);
  readonly #spread: SpreadBounds | null;
  /** By run: the reciprocal that the device may have of the scale it stored. */
  #inverses: Interval[] = [];

  constructor(state: KernelState, statistic: Statistic, kernel: Kernel, evaluation: IntervalEvaluation) {
    const { element, elementHigh, tensorId } = kernel.variables;
    const cells = Object.entries(state.variables).map(([role, variable]) => [
      role,
      evaluation.cell(variable),
    ]);
    const compile = (fragment: Fragment | null): EachWay =>
      fragment === null ? (visit) => visit() : evaluation.compile(fragment);
    this.name = state.name;
    this.#bits = state.bits;
    this.#run = statistic.run;
    this.#cells = Object.fromEntries(cells) as Record<keyof StateVariables, IntervalCell>;
    this.#kernelCells = {
      element: evaluation.cell(element),
      elementHigh: evaluation.cell(elementHigh),
      tensorId: evaluation.cell(tensorId),
    };
    this.value = this.#cells.value;
    this.#scales = new ScaleBounds(statistic, state.variables, kernel, evaluation);
    this.#each = {
      decode: compile(state.decode),
      magnitude: compile(statistic.magnitude),
      stream: compile(state.stream),
      encode: compile(state.encode),
    };
    this.#spread =
      statistic.spread === null
        ? null
        : new SpreadBounds(state.name, Number(statistic.run), statistic.spread, this.#cells, evaluation);
  }

  open(before: TensorImage, after: TensorImage): void {
    const codes = ({ arrays }: TensorImage) => arrays[`${this.name}_codes`] as Uint32Array<ArrayBuffer>;
    const scales = ({ arrays }: TensorImage) => arrays[`${this.name}_scale`] as StoredScales;
    this.#geometry = geometryOf(before.shape);
    const runs = scaleCount(this.#run, this.#geometry);
    const newScales = this.#scales.values(scales(after), runs);
    this.#tensor = {
      length: before.length,
      oldCodes: codes(before),
      oldScales: this.#scales.values(scales(before), runs),
      oldAlphas: (before.arrays[`${this.name}_alpha`] as Float32Array | undefined) ?? null,
      codes: codes(after),
      scales: scales(after),
      newScales,
    };
    this.#least = new Float32Array(runs);
    this.#most = new Float32Array(runs);
    this.#inverses = Array.from(newScales, (scale) => this.#scales.inverseOf(scale));
    this.#spread?.open(before, after);
    this.#kernelCells.tensorId.value = before.id;
    this.#kernelCells.elementHigh.value = 0;
    this.#each.stream(() => {});
  }

  decode(element: number): void {
    const { oldCodes, oldScales, oldAlphas } = this.#tensor;
    const run = this.#placeOf(element, oldScales);
    this.#cells.code.value = codeAt(oldCodes, this.#bits, element);
    this.#cells.scale.value = pointInterval(oldScales[run] as number);
    if (oldAlphas !== null) this.#cells.alpha.value = pointInterval(oldAlphas[run] as number);
    this.#each.decode(() => {});
  }

  measure(element: number, values: readonly Interval[]): void {
    const { value, magnitude } = this.#cells;
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const way of values) {
      value.value = way;
      this.#each.magnitude(() => {
        const { lo, hi } = rounded(magnitude.value as Interval);
        least = Math.min(least, lo);
        most = Math.max(most, hi);
      });
    }
    this.#spread?.measure(element, least, most);
    for (const place of scalePlaces(this.#run, element, this.#geometry)) {
      this.#least[place] = Math.max(this.#least[place] as number, least);
      this.#most[place] = Math.max(this.#most[place] as number, most);
    }
  }

  difference(): Place | null {
    const { codes, scales, length } = this.#tensor;
    for (const [run, least] of this.#least.entries()) {
      const place = this.#scales.difference(scales, run, least, this.#most[run] as number);
      if (place !== null) return { what: `the scale of ${this.name}`, ...place };
    }
    const behind = this.#scales.rest(scales, this.#least.length);
    if (behind !== null) return { what: `the scales of ${this.name}`, ...behind };
    const spread = this.#spread?.difference(this.#inverses) ?? null;
    if (spread !== null) return spread;
    const rest = restDifference(codes, length * this.#bits);
    return rest && { what: `the codes of ${this.name}`, ...rest };
  }

  /** All codes between those of the bounds: encoding, with one random word, is monotone in the normalized value. */
  admit(element: number): Admission {
    const { value, inverse, newCode } = this.#cells;
    const { lo, hi, nan } = rounded(value.value as Interval);
    const { lo: least, hi: most } = this.#inverses[
      this.#placeOf(element, this.#tensor.newScales)
    ] as Interval;
    const encode = (values: readonly number[], inverses: readonly number[]): number[] => {
      const codes: number[] = [];
      for (const bound of new Set(values)) {
        for (const reciprocal of new Set(inverses)) {
          value.value = only(bound);
          inverse.value = only(reciprocal);
          this.#each.encode(() => codes.push(newCode.value as number));
        }
      }
      return range(Math.min(...codes), Math.max(...codes));
    };
    this.#kernelCells.element.value = element;
    this.#spread?.encode(this.#placeOf(element, this.#tensor.newScales));
    const codes = [
      ...(lo <= hi ? encode([lo, hi], [least, most]) : []),
      ...(nan ? encode([Number.NaN], [least]) : []),
    ];
    return admitCode(codeAt(this.#tensor.codes, this.#bits, element), [...new Set(codes)]);
  }

  /** Of the scales that meet at an element, the least. */
  #placeOf(element: number, scales: Float32Array): number {
    const [first = 0, ...others] = scalePlaces(this.#run, element, this.#geometry);
    const at = (place: number): number => scales[place] as number;
    return others.reduce((least, place) => (at(place) < at(least) ? place : least), first);
  }
}

function range(least: number, most: number): number[] {
  return Array.from({ length: most - least + 1 }, (_, index) => least + index);
}
