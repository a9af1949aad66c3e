import { type Cell, Evaluation } from "./evaluate.js";
import type { Fragment, Kernel, KernelState, StateVariables } from "./types.js";

/** The arrays of one tensor: p, g, `<state>`, `<state>_codes`, `<state>_scale`, `<state>_next`. */
export interface ExecutionTensor {
  readonly length: number;
  /** Names the tensor to the random generator. */
  readonly id: number;
  readonly arrays: Readonly<Record<string, Float32Array | Uint32Array>>;
}

/** Runs a kernel over one tensor, one element after the other: the definition of a pass. */
export function execute(
  kernel: Kernel,
  tensor: ExecutionTensor,
  uniforms: Readonly<Record<string, number>>,
): void {
  const { length, arrays } = tensor;
  const evaluation = new Evaluation(kernel.tables, uniforms);
  const states = kernel.states.map((state) => new StateAccess(state, kernel, tensor, evaluation));
  const update = evaluation.compile(kernel.update);
  const [oldP, gradient] = [evaluation.cell({ name: "p" }), evaluation.cell({ name: "g" })];
  const newP = evaluation.cell(kernel.update.outputs[0] ?? { name: "p" });
  const p = array(arrays, "p");
  const g = array(arrays, "g");

  const parameters = new Float32Array(length);
  for (let element = 0; element < length; element++) {
    oldP.value = p[element] as number;
    gradient.value = g[element] as number;
    for (const state of states) state.decode(element);
    update();
    parameters[element] = newP.value;
    for (const state of states) state.measure(element);
  }

  if (kernel.kind === "measure") {
    for (const state of states) state.publish();
    return;
  }
  p.set(parameters);
  for (const state of states) state.write();
}

type StateFragment = "decode" | "encode" | "magnitude" | "scale" | "stream" | "locate" | "unpack" | "pack";

/** One state of one tensor. */
class StateAccess {
  readonly #state: KernelState;
  readonly #kernel: Kernel;
  readonly #tensor: ExecutionTensor;
  readonly #run: Readonly<Record<StateFragment, (() => void) | null>>;
  readonly #cells: Readonly<Record<keyof StateVariables, Cell>>;
  readonly #evaluation: Evaluation;
  /** Values, or words of codes. */
  readonly #stored: Float32Array | Uint32Array;
  readonly #scales: Float32Array | Uint32Array;
  readonly #values: Float32Array;
  readonly #maxima: Float32Array;

  constructor(state: KernelState, kernel: Kernel, tensor: ExecutionTensor, evaluation: Evaluation) {
    const { name, decode, encode, statistic, stream, locate, unpack, pack, variables } = state;
    const run = (fragment: Fragment | null | undefined) => (fragment ? evaluation.compile(fragment) : null);
    const cells = Object.entries(variables).map(([role, variable]) => [role, evaluation.cell(variable)]);
    this.#state = state;
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#evaluation = evaluation;
    this.#run = {
      decode: run(decode),
      encode: run(encode),
      magnitude: run(statistic?.magnitude),
      scale: run(statistic?.scale),
      stream: run(stream),
      locate: run(locate),
      unpack: run(unpack),
      pack: run(pack),
    };
    this.#cells = Object.fromEntries(cells) as Record<keyof StateVariables, Cell>;
    this.#stored = array(tensor.arrays, statistic === null ? name : `${name}_codes`);
    this.#scales = statistic === null ? new Float32Array(0) : array(tensor.arrays, `${name}_scale`);
    this.#values = new Float32Array(tensor.length);
    this.#maxima = new Float32Array(statistic === null ? 0 : this.#runOf(tensor.length - 1) + 1);
  }

  /** What the state is before the step. */
  decode(element: number): void {
    const { unpack, decode } = this.#run;
    const { old, low, high, scale } = this.#cells;
    if (unpack === null || decode === null) {
      old.value = this.#stored[element] as number;
      return;
    }
    const word = this.#locate(element);
    low.value = this.#stored[word] as number;
    high.value = this.#stored[word + 1] ?? 0;
    unpack();
    scale.value = this.#scales[this.#runOf(element)] ?? 0;
    decode();
  }

  /** Keeps the new value, and takes it into the maximum of its run. */
  measure(element: number): void {
    const { value, magnitude } = this.#cells;
    this.#values[element] = value.value;
    if (this.#run.magnitude === null) return;
    this.#run.magnitude();
    const run = this.#runOf(element);
    this.#maxima[run] = Math.max(this.#maxima[run] as number, magnitude.value);
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
    const { value, inverse, low, high } = this.#cells;
    this.#evaluation.cell(tensorId).value = this.#tensor.id;
    this.#evaluation.cell(elementHigh).value = 0;
    stream?.();
    const elementCell = this.#evaluation.cell(elementVariable);
    const inverses = this.#newScales();
    const words = this.#stored.fill(0);
    for (let element = 0; element < this.#values.length; element++) {
      elementCell.value = element;
      value.value = this.#values[element] as number;
      inverse.value = inverses[this.#runOf(element)] ?? 0;
      encode();
      const word = this.#locate(element);
      pack();
      words[word] = (words[word] as number) | low.value;
      if (this.#state.straddles && word + 1 < words.length)
        words[word + 1] = (words[word + 1] as number) | high.value;
    }
  }

  /** Stores the scales measured here and returns the reciprocals of all. */
  #newScales(): number[] {
    const { statistic } = this.#state;
    const { absmax, newScale, inverse } = this.#cells;
    const isGlobal = statistic?.source === "global";
    const maxima = isGlobal ? new Float32Array(this.#next().slice().buffer) : this.#maxima;
    return Array.from(maxima, (maximum, run) => {
      absmax.value = maximum;
      this.#run.scale?.();
      if (!isGlobal) this.#scales[run] = newScale.value;
      return inverse.value;
    });
  }

  #runOf(element: number): number {
    const run = this.#state.statistic?.run;
    return typeof run === "number" ? Math.floor(element / run) : 0;
  }

  /** The word in which an element's code begins. 32 elements end on a word whatever their bits, so places repeat. */
  #locate(element: number): number {
    const granule = 32;
    this.#evaluation.cell(this.#kernel.variables.index).value = element % granule;
    this.#run.locate?.();
    return Math.floor(element / granule) * this.#state.bits + this.#cells.word.value;
  }

  #next(): Float32Array | Uint32Array {
    return array(this.#tensor.arrays, `${this.#state.name}_next`);
  }
}

function array(arrays: ExecutionTensor["arrays"], name: string): Float32Array | Uint32Array {
  const found = arrays[name];
  if (found === undefined) throw new Error(`the tensor has no array ${name}`);
  return found;
}
