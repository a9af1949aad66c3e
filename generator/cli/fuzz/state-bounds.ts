import { type Evaluate, evaluator } from "../../ir/evaluate.js";
import { type Interval, type IntervalValue, inInterval, rounded } from "../../ir/interval.js";
import type { Fragment, Kernel, KernelState } from "../../ir/types.js";
import { codeAt, formatCode, formatFloat, fromBits, restOf } from "./bits.js";
import type { Difference } from "./difference.js";
import type { Outcome, Outcomes } from "./outcomes.js";
import type { TensorImage } from "./reference.js";

/** Whether what a device stored may come from a value, and what may. */
export interface Admission {
  readonly admitted: boolean;
  /** The codes that some value of the interval is encoded to; none of a state without codes. */
  readonly codes: readonly number[];
  readonly allowed: () => string;
  readonly found: () => string;
}

/** The fragments of one state over intervals, for one step. */
export interface StateFragments {
  readonly state: KernelState;
  readonly kernel: Kernel;
  readonly decode: Outcomes | null;
  readonly magnitude: Outcomes | null;
  readonly scale: Outcomes | null;
  readonly encode: Outcomes | null;
  readonly stream: Outcomes | null;
  /** Of a bfloat16 state, which takes bits and not intervals: rounding grows with the value. */
  readonly exactEncode: Evaluate | null;
}

export function stateFragments(
  state: KernelState,
  kernel: Kernel,
  outcomes: (fragment: Fragment) => Outcomes,
): StateFragments {
  const { decode, encode, stream, statistic } = state;
  const maybe = (fragment: Fragment | null | undefined) => (fragment ? outcomes(fragment) : null);
  const exact = encode !== null && statistic === null;
  return {
    state,
    kernel,
    decode: maybe(decode),
    magnitude: maybe(statistic?.magnitude),
    scale: maybe(statistic?.scale),
    encode: exact ? null : maybe(encode),
    stream: maybe(stream),
    exactEncode: exact ? evaluator(encode, kernel.uniforms, kernel.tables) : null,
  };
}

/** One state of one tensor: what the device had, and what it may have now. */
export class StateBounds {
  readonly name: string;
  readonly value: string;
  /** Whether it is packed. */
  readonly hasCodes: boolean;
  readonly #fragments: StateFragments;
  readonly #before: TensorImage;
  readonly #after: TensorImage;
  readonly #least: Float32Array;
  readonly #most: Float32Array;
  readonly #keys: Outcome;
  readonly #inverses = new Map<number, IntervalValue[]>();

  constructor(fragments: StateFragments, before: TensorImage, after: TensorImage) {
    const { state, kernel, stream } = fragments;
    const { tensorId, elementHigh } = kernel.variables;
    this.name = state.name;
    this.value = state.variables.value.name;
    this.hasCodes = state.decode !== null;
    this.#fragments = fragments;
    this.#before = before;
    this.#after = after;
    const runs = state.statistic === null ? 0 : this.#scales(after).length;
    this.#least = new Float32Array(runs);
    this.#most = new Float32Array(runs);
    this.#keys = stream?.({ [tensorId.name]: before.id, [elementHigh.name]: 0 })[0] ?? {};
  }

  /** Decoded, before the step. */
  old(element: number): IntervalValue {
    const { decode, state } = this.#fragments;
    if (decode === null) return this.#array(this.#before)[element] as number;
    const { code, scale } = state.variables;
    const given = {
      [code.name]: codeAt(this.#array(this.#before) as Uint32Array, state.bits, element),
      [scale.name]: state.statistic === null ? 0 : (this.#scales(this.#before)[this.#run(element)] as number),
    };
    return decode(given)[0]?.[this.name] as IntervalValue;
  }

  /** Takes what an element may be into the bounds of its run's maximum. */
  measure(element: number, values: readonly IntervalValue[]): void {
    const { magnitude, state } = this.#fragments;
    if (magnitude === null) return;
    const { value, magnitude: size } = state.variables;
    const sizes = values
      .flatMap((one) => magnitude({ [value.name]: one }))
      .map((way) => rounded(way[size.name] as Interval));
    const run = this.#run(element);
    const least = Math.min(...sizes.map(({ lo }) => lo));
    const most = Math.max(...sizes.map(({ hi }) => hi));
    this.#least[run] = Math.max(this.#least[run] as number, least);
    this.#most[run] = Math.max(this.#most[run] as number, most);
  }

  /** The first scale that no maximum within its bounds leads to. */
  scaleDifference(): Omit<Difference, "tensor"> | null {
    const { scale, state } = this.#fragments;
    if (scale === null) return null;
    const { absmax, newScale } = state.variables;
    for (const [run, found] of this.#scales(this.#after).entries()) {
      const bounds: Interval = {
        lo: this.#least[run] as number,
        hi: this.#most[run] as number,
        nan: false,
      };
      const scales = scale({ [absmax.name]: bounds }).map((way) => way[newScale.name] as Interval);
      if (scales.some((interval) => inInterval(found, interval))) continue;
      return {
        what: `the scale of ${this.name}`,
        where: `run ${run}`,
        expected: formatIntervals(scales),
        found: formatFloat(found),
      };
    }
    return null;
  }

  /** Bits behind the last element. */
  restDifference(): Omit<Difference, "tensor"> | null {
    if (!this.hasCodes) return null;
    const rest = restOf(
      this.#array(this.#after) as Uint32Array,
      this.#after.length * this.#fragments.state.bits,
    );
    if (rest === 0) return null;
    return {
      what: `the codes of ${this.name}`,
      where: "the bits after the last element",
      expected: "0",
      found: formatCode(rest),
    };
  }

  /** Whether the device's state of an element may come from this new value. */
  admit(element: number, value: IntervalValue): Admission {
    const { state, encode, exactEncode } = this.#fragments;
    const interval = value as Interval;
    if (state.decode === null) {
      const found = this.#array(this.#after)[element] as number;
      return {
        admitted: inInterval(found, interval),
        codes: [],
        allowed: () => formatIntervals([interval]),
        found: () => formatFloat(found),
      };
    }
    const code = codeAt(this.#array(this.#after) as Uint32Array, state.bits, element);
    if (exactEncode !== null) return this.#admitHalf(element, interval, code, exactEncode);
    const { variables } = state;
    const given = {
      ...this.#keys,
      [this.#fragments.kernel.variables.element.name]: element,
      [variables.value.name]: value,
    };
    const ways = this.#inversesOf(this.#run(element)).flatMap(
      (inverse) => encode?.({ ...given, [variables.inverse.name]: inverse }) ?? [],
    );
    const codes = [...new Set(ways.map((way) => way[variables.newCode.name] as number))];
    return {
      admitted: codes.includes(code),
      codes,
      allowed: () => codes.map(formatCode).join(" or "),
      found: () => formatCode(code),
    };
  }

  /** Some bfloat16 between those that the bounds are rounded to. */
  #admitHalf(element: number, interval: Interval, code: number, encode: Evaluate): Admission {
    const { variables } = this.#fragments.state;
    const { lo, hi, nan } = rounded(interval);
    const numbers = this.#keys as Readonly<Record<string, number>>;
    const half = (value: number): number => {
      const given = {
        ...numbers,
        [this.#fragments.kernel.variables.element.name]: element,
        [variables.value.name]: value,
      };
      return fromBits((encode(given)[variables.newCode.name] as number) << 16);
    };
    const [least, most, found] = [half(lo), half(hi), fromBits(code << 16)];
    return {
      admitted: Number.isNaN(found) ? nan : lo <= hi && found >= least && found <= most,
      codes: least === most ? [code] : [],
      allowed: () => formatIntervals([{ lo: least, hi: most, nan }]),
      found: () => formatFloat(found),
    };
  }

  /** The reciprocals that a device may have of the scale it stored. */
  #inversesOf(run: number): IntervalValue[] {
    const known = this.#inverses.get(run);
    if (known !== undefined) return known;
    const { absmax, inverse } = this.#fragments.state.variables;
    const ways = this.#fragments.scale?.({ [absmax.name]: this.#scales(this.#after)[run] as number }) ?? [];
    const found = ways.map((way) => way[inverse.name] as IntervalValue);
    this.#inverses.set(run, found);
    return found;
  }

  #run(element: number): number {
    const run = this.#fragments.state.statistic?.run;
    return typeof run === "number" ? Math.floor(element / run) : 0;
  }

  #scales({ arrays }: TensorImage): Float32Array {
    return arrays[`${this.name}_scale`] as Float32Array;
  }

  #array({ arrays }: TensorImage): Float32Array | Uint32Array {
    const packed = this.#fragments.state.statistic !== null;
    return arrays[packed ? `${this.name}_codes` : this.name] as Float32Array | Uint32Array;
  }
}

export function formatIntervals(intervals: readonly Interval[]): string {
  const texts = intervals.map((interval) => {
    const { lo, hi, nan } = rounded(interval);
    const range = lo > hi ? [] : [lo === hi ? formatFloat(lo) : `${formatFloat(lo)} to ${formatFloat(hi)}`];
    return [...range, ...(nan ? ["NaN"] : [])].join(" or ");
  });
  return [...new Set(texts)].join(" or ");
}
