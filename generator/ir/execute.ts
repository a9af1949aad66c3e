import { type Evaluate, evaluator } from "./evaluate.js";
import type { Fragment, Kernel, KernelState } from "./types.js";

/** The arrays of one tensor: p, g, `<state>`, `<state>_codes`, `<state>_scale`, `<state>_next`. */
export interface ExecutionTensor {
  readonly length: number;
  /** Names the tensor to the random generator. */
  readonly id: number;
  readonly arrays: Readonly<Record<string, Float32Array | Uint32Array>>;
}

type Values = Readonly<Record<string, number>>;

/** Runs a kernel over one tensor, one element after the other: the definition of a pass. */
export function execute(kernel: Kernel, tensor: ExecutionTensor, uniforms: Values): void {
  const run = (fragment: Fragment): Evaluate => {
    const evaluate = evaluator(fragment, kernel.uniforms, kernel.tables);
    return (given) => evaluate({ ...uniforms, ...given });
  };
  const { length, arrays } = tensor;
  const states = kernel.states.map((state) => new StateAccess(state, kernel, tensor, run));
  const update = run(kernel.update);
  const p = array(arrays, "p");
  const g = array(arrays, "g");

  const values = kernel.states.map(() => new Float32Array(length));
  const parameters = new Float32Array(length);
  for (let element = 0; element < length; element++) {
    const given: Record<string, number> = { p: p[element] as number, g: g[element] as number };
    for (const state of states) given[state.name] = state.decode(element);
    const updated = update(given);
    parameters[element] = updated[kernel.update.outputs[0]?.name ?? ""] as number;
    for (const [index, state] of states.entries()) {
      const value = updated[state.value] as number;
      (values[index] as Float32Array)[element] = value;
      state.measure(element, value);
    }
  }

  if (kernel.kind === "measure") {
    for (const state of states) state.publish();
    return;
  }
  p.set(parameters);
  for (const [index, state] of states.entries()) state.write(values[index] as Float32Array);
}

class StateAccess {
  readonly name: string;
  readonly value: string;
  readonly #state: KernelState;
  readonly #kernel: Kernel;
  readonly #tensor: ExecutionTensor;
  readonly #fragments: Readonly<
    Record<
      "decode" | "encode" | "magnitude" | "scale" | "stream" | "locate" | "unpack" | "pack",
      Evaluate | null
    >
  >;
  readonly #maxima: Float32Array;

  constructor(
    state: KernelState,
    kernel: Kernel,
    tensor: ExecutionTensor,
    run: (fragment: Fragment) => Evaluate,
  ) {
    const { decode, encode, statistic, stream, locate, unpack, pack } = state;
    const maybe = (fragment: Fragment | null | undefined): Evaluate | null =>
      fragment ? run(fragment) : null;
    this.name = state.name;
    this.value = state.variables.value.name;
    this.#state = state;
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#fragments = {
      decode: maybe(decode),
      encode: maybe(encode),
      magnitude: maybe(statistic?.magnitude),
      scale: maybe(statistic?.scale),
      stream: maybe(stream),
      locate: maybe(locate),
      unpack: maybe(unpack),
      pack: maybe(pack),
    };
    this.#maxima = new Float32Array(statistic === null ? 0 : this.#run(tensor.length - 1) + 1);
  }

  decode(element: number): number {
    const { decode, unpack } = this.#fragments;
    if (decode === null || unpack === null) return array(this.#tensor.arrays, this.name)[element] as number;
    const { variables } = this.#state;
    const words = this.#words();
    const { word, shift } = this.#place(element);
    const code = unpack({
      [variables.low.name]: words[word] as number,
      [variables.high.name]: words[word + 1] ?? 0,
      [variables.shift.name]: shift,
    })[variables.code.name] as number;
    const scale = this.#state.statistic === null ? 0 : (this.#array("scale")[this.#run(element)] as number);
    return decode({ [variables.code.name]: code, [variables.scale.name]: scale })[this.name] as number;
  }

  measure(element: number, value: number): void {
    const { magnitude } = this.#fragments;
    if (magnitude === null) return;
    const { variables } = this.#state;
    const run = this.#run(element);
    const size = magnitude({ [variables.value.name]: value })[variables.magnitude.name] as number;
    this.#maxima[run] = Math.max(this.#maxima[run] as number, size);
  }

  /** Leaves the maxima where the step that follows finds them. */
  publish(): void {
    if (this.#state.statistic?.source === "global")
      this.#array("next").set(new Uint32Array(this.#maxima.buffer));
  }

  write(values: Float32Array): void {
    const { encode, pack, scale, stream } = this.#fragments;
    if (encode === null || pack === null) {
      array(this.#tensor.arrays, this.name).set(values);
      return;
    }
    const { variables, straddles } = this.#state;
    const words = this.#words().fill(0);
    const { tensorId, element: elementName, elementHigh } = this.#kernel.variables;
    const keys = stream?.({ [tensorId.name]: this.#tensor.id, [elementHigh.name]: 0 }) ?? {};
    const inverses = this.#newScales(scale);
    for (const [element, value] of values.entries()) {
      const given = {
        ...keys,
        [elementName.name]: element,
        [variables.value.name]: value,
        [variables.inverse.name]: inverses[this.#run(element)] ?? 0,
      };
      const code = encode(given)[variables.newCode.name] as number;
      const { word, shift } = this.#place(element);
      const parts = pack({ [variables.newCode.name]: code, [variables.shift.name]: shift });
      words[word] = (words[word] as number) | (parts[variables.low.name] as number);
      if (straddles && word + 1 < words.length)
        words[word + 1] = (words[word + 1] as number) | (parts[variables.high.name] as number);
    }
  }

  /** Stores the scales measured here and returns the reciprocals of all. */
  #newScales(scale: Evaluate | null): number[] {
    if (scale === null) return [];
    const { variables, statistic } = this.#state;
    const maxima =
      statistic?.source === "global" ? new Float32Array(this.#array("next").slice().buffer) : this.#maxima;
    return [...maxima].map((absmax, run) => {
      const scaled = scale({ [variables.absmax.name]: absmax });
      if (statistic?.source === "tile") this.#array("scale")[run] = scaled[variables.newScale.name] as number;
      return scaled[variables.inverse.name] as number;
    });
  }

  #run(element: number): number {
    const run = this.#state.statistic?.run;
    return typeof run === "number" ? Math.floor(element / run) : 0;
  }

  /** 32 elements end on a word whatever their bits, so places repeat. */
  #place(element: number): { readonly word: number; readonly shift: number } {
    const { variables, bits } = this.#state;
    const granule = 32;
    const placed = this.#fragments.locate?.({ [this.#kernel.variables.index.name]: element % granule }) ?? {};
    return {
      word: Math.floor(element / granule) * bits + (placed[variables.word.name] as number),
      shift: placed[variables.shift.name] as number,
    };
  }

  #words(): Uint32Array {
    return this.#array(this.#state.bits === 16 ? "" : "codes") as Uint32Array;
  }

  #array(suffix: string): Float32Array | Uint32Array {
    return array(this.#tensor.arrays, suffix === "" ? this.name : `${this.name}_${suffix}`);
  }
}

function array(arrays: ExecutionTensor["arrays"], name: string): Float32Array | Uint32Array {
  const found = arrays[name];
  if (found === undefined) throw new Error(`the tensor has no array ${name}`);
  return found;
}
