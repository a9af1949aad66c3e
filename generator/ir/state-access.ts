import type { Cell, Evaluation } from "./evaluate.js";
import { type Geometry, scaleCount, scalePlaces } from "./geometry.js";
import type { Fragment, Kernel, KernelState, StateVariables } from "./types.js";

/** The arrays of one tensor: p, g, `<state>`, `<state>_codes`, `<state>_scale`, `<state>_alpha`, `<state>_next`, and what folds leave. */
export interface ExecutionTensor {
  readonly shape: readonly number[];
  /** Names the tensor to the random generator. */
  readonly id: number;
  /** Of 16 bits an element are p and g alone. */
  readonly arrays: Readonly<Record<string, Float32Array | Uint32Array | Uint16Array>>;
}

type Stored = ExecutionTensor["arrays"][string];

const fragmentsOfState = ({ statistic, decode, encode, stream, locate, unpack, pack }: KernelState) => ({
  decode,
  encode,
  stream,
  locate,
  unpack,
  pack,
  magnitude: statistic?.magnitude,
  scale: statistic?.scale,
  locateScale: statistic?.half?.locate,
  unpackScale: statistic?.half?.unpack,
  decodeScale: statistic?.half?.decode,
  packScale: statistic?.half?.pack,
  rank: statistic?.spread?.rank,
  alpha: statistic?.spread?.alpha,
  rate: statistic?.spread?.rate,
});

type StateFragment = keyof ReturnType<typeof fragmentsOfState>;

/** One state of one tensor. */
export class StateAccess {
  readonly #state: KernelState;
  readonly #kernel: Kernel;
  readonly #tensor: ExecutionTensor;
  readonly #geometry: Geometry;
  readonly #run: Readonly<Record<StateFragment, (() => void) | null>>;
  readonly #cells: Readonly<Record<keyof StateVariables, Cell>>;
  readonly #evaluation: Evaluation;
  /** Values, or words of codes. */
  readonly #stored: Stored;
  readonly #scales: Stored;
  readonly #alphas: Stored;
  readonly #values: Float32Array;
  readonly #maxima: Float32Array;
  readonly #magnitudes: Float32Array;

  constructor(
    state: KernelState,
    kernel: Kernel,
    tensor: ExecutionTensor,
    geometry: Geometry,
    evaluation: Evaluation,
  ) {
    const { name, statistic, variables } = state;
    const run = (fragment: Fragment | null | undefined) => (fragment ? evaluation.compile(fragment) : null);
    const runs = Object.entries(fragmentsOfState(state)).map(([role, fragment]) => [role, run(fragment)]);
    const cells = Object.entries(variables).map(([role, variable]) => [role, evaluation.cell(variable)]);
    this.#state = state;
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#geometry = geometry;
    this.#evaluation = evaluation;
    this.#run = Object.fromEntries(runs) as Record<StateFragment, (() => void) | null>;
    this.#cells = Object.fromEntries(cells) as Record<keyof StateVariables, Cell>;
    this.#stored = arrayNamed(tensor, statistic === null ? name : `${name}_codes`);
    this.#scales = statistic === null ? new Float32Array(0) : arrayNamed(tensor, `${name}_scale`);
    this.#alphas = tensor.arrays[`${name}_alpha`] ?? new Float32Array(0);
    this.#values = new Float32Array(geometry.length);
    this.#magnitudes = new Float32Array(geometry.length);
    this.#maxima = new Float32Array(statistic === null ? 0 : scaleCount(statistic.run, geometry));
  }

  /** What the state is before the step. */
  decode(element: number): void {
    const { unpack, decode } = this.#run;
    const { old, low, high, scale, alpha } = this.#cells;
    if (unpack === null || decode === null) {
      old.value = this.#stored[element] as number;
      return;
    }
    const word = this.#locate(element);
    low.value = this.#stored[word] as number;
    high.value = this.#stored[word + 1] ?? 0;
    unpack();
    scale.value = this.#least(element, (place) => this.#loadScale(place));
    alpha.value =
      this.#alphas.length > 0 ? this.#least(element, (place) => this.#alphas[place] as number) : 0;
    decode();
  }

  #loadScale(place: number): number {
    const { locateScale, unpackScale, decodeScale } = this.#run;
    const { scaleRun, scaleWord, scaleBits, scale } = this.#cells;
    if (locateScale === null || unpackScale === null || decodeScale === null)
      return this.#scales[place] as number;
    scaleRun.value = place;
    locateScale();
    scaleBits.value = this.#scales[scaleWord.value] as number;
    unpackScale();
    decodeScale();
    return scale.value;
  }

  /** Keeps the new value, and takes it into the maximum of its run. */
  measure(element: number): void {
    const { value, magnitude } = this.#cells;
    this.#values[element] = value.value;
    if (this.#run.magnitude === null) return;
    this.#run.magnitude();
    this.#magnitudes[element] = magnitude.value;
    for (const place of this.#placesOf(element))
      this.#maxima[place] = Math.max(this.#maxima[place] as number, magnitude.value);
  }

  /** Leaves the maxima where the step that follows finds them. */
  publish(): void {
    if (this.#state.statistic?.source === "global") this.#next().set(new Uint32Array(this.#maxima.buffer));
  }

  write(): void {
    const { encode, pack, stream } = this.#run;
    if (encode === null || pack === null) {
      this.#stored.set(this.#values);
      return;
    }
    const { tensorId, elementHigh, element: elementVariable } = this.#kernel.variables;
    const { value, low, high } = this.#cells;
    this.#evaluation.cell(tensorId).value = this.#tensor.id;
    this.#evaluation.cell(elementHigh).value = 0;
    stream?.();
    const elementCell = this.#evaluation.cell(elementVariable);
    const openRun = this.#newParameters();
    const words = this.#stored.fill(0);
    for (let element = 0; element < this.#values.length; element++) {
      elementCell.value = element;
      value.value = this.#values[element] as number;
      openRun(element);
      encode();
      const word = this.#locate(element);
      pack();
      words[word] = (words[word] as number) | low.value;
      if (this.#state.straddles && word + 1 < words.length)
        words[word + 1] = (words[word + 1] as number) | high.value;
    }
  }

  /** Stores the parameters of the runs measured here; returns what gives the encoder those of an element's run. */
  #newParameters(): (element: number) => void {
    const { statistic } = this.#state;
    const { absmax, newScale, inverse, newAlpha, rate, root } = this.#cells;
    if (statistic === null) return () => {};
    const inverseOf = (maximum: number): number => {
      absmax.value = maximum;
      this.#run.scale?.();
      return inverse.value;
    };
    if (statistic.source === "global") {
      const maxima = new Float32Array(this.#next().slice().buffer);
      return (element) => {
        inverse.value = inverseOf(this.#least(element, (place) => maxima[place] as number));
      };
    }
    if (this.#run.packScale !== null) this.#scales.fill(0);
    const runs = Array.from(this.#maxima, (maximum, run) => {
      const reciprocal = inverseOf(maximum);
      this.#storeScale(run, newScale.value);
      if (typeof statistic.run === "number" && statistic.spread !== null)
        this.#spread(run, run * statistic.run, (run + 1) * statistic.run);
      return { inverse: reciprocal, alpha: newAlpha.value, rate: rate.value, root: root.value };
    });
    return (element) => {
      const run = runs[this.#placesOf(element)[0] as number] as (typeof runs)[number];
      inverse.value = run.inverse;
      newAlpha.value = run.alpha;
      rate.value = run.rate;
      root.value = run.root;
    };
  }

  /** The run's magnitudes in ascending order, and from two neighbours among them its alpha. */
  #spread(run: number, start: number, end: number): void {
    const { runLength, counted, rank, lower, upper, newAlpha } = this.#cells;
    const ordered = this.#magnitudes.slice(start, end).sort();
    runLength.value = ordered.length;
    counted.value = ordered.filter((magnitude) => magnitude > 0).length;
    this.#run.rank?.();
    lower.value = ordered[rank.value] as number;
    upper.value = ordered[Math.min(rank.value + 1, ordered.length - 1)] as number;
    this.#run.alpha?.();
    this.#alphas[run] = newAlpha.value;
    this.#run.rate?.();
  }

  #storeScale(run: number, value: number): void {
    const { locateScale, packScale } = this.#run;
    const { scaleRun, scaleWord, scaleBits } = this.#cells;
    if (locateScale === null || packScale === null) {
      this.#scales[run] = value;
      return;
    }
    scaleRun.value = run;
    locateScale();
    packScale();
    this.#scales[scaleWord.value] = (this.#scales[scaleWord.value] as number) | scaleBits.value;
  }

  /** Of the scales that meet at an element. */
  #least(element: number, scaleAt: (place: number) => number): number {
    const [first = 0, ...others] = this.#placesOf(element).map(scaleAt);
    return others.reduce((least, scale) => (scale < least ? scale : least), first);
  }

  #placesOf(element: number): readonly number[] {
    const run = this.#state.statistic?.run;
    return run === undefined ? [] : scalePlaces(run, element, this.#geometry);
  }

  /** The word in which an element's code begins. 32 elements end on a word whatever their bits, so places repeat. */
  #locate(element: number): number {
    const granule = 32;
    this.#evaluation.cell(this.#kernel.variables.index).value = element % granule;
    this.#run.locate?.();
    return Math.floor(element / granule) * this.#state.bits + this.#cells.word.value;
  }

  #next(): Stored {
    return arrayNamed(this.#tensor, `${this.#state.name}_next`);
  }
}

export function arrayNamed({ arrays }: ExecutionTensor, name: string): Stored {
  const found = arrays[name];
  if (found === undefined) throw new Error(`the tensor has no array ${name}`);
  return found;
}
