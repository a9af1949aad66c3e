import { Evaluation } from "../../ir/evaluate.js";
import { type Interval, pointInterval } from "../../ir/interval.js";
import type { Kernel, KernelState } from "../../ir/types.js";
import { type Admission, admitFloat, admitHalf } from "./admission.js";
import { codeAt, decodeHalf, restDifference } from "./bits.js";
import type { Place } from "./difference.js";
import type { IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import type { TensorImage } from "./reference.js";
import type { StateBounds } from "./state-bounds.js";

/** A float32 state. */
export class FloatBounds implements StateBounds {
  readonly name: string;
  readonly hasCodes = false;
  readonly value: IntervalCell;
  readonly #old: IntervalCell;
  #before = new Float32Array(0);
  #after = new Float32Array(0);

  constructor({ name, variables }: KernelState, evaluation: IntervalEvaluation) {
    this.name = name;
    this.value = evaluation.cell(variables.value);
    this.#old = evaluation.cell(variables.old);
  }

  open(before: TensorImage, after: TensorImage): void {
    this.#before = before.arrays[this.name] as Float32Array<ArrayBuffer>;
    this.#after = after.arrays[this.name] as Float32Array<ArrayBuffer>;
  }

  decode(element: number): void {
    this.#old.value = pointInterval(this.#before[element] as number);
  }

  measure(): void {}

  difference(): null {
    return null;
  }

  admit(element: number): Admission {
    return admitFloat(this.#after[element] as number, this.value.value as Interval);
  }
}

/** A bfloat16 state. It is rounded by the bits of its value, which an interval has not: exactly, at both ends. */
export class HalfBounds implements StateBounds {
  readonly name: string;
  readonly hasCodes = true;
  readonly value: IntervalCell;
  readonly #old: IntervalCell;
  readonly #exact: Evaluation;
  readonly #encode: () => void;
  readonly #stream: () => void;
  readonly #kernel: Kernel;
  readonly #state: KernelState;
  #before = new Uint32Array(0);
  #after = new Uint32Array(0);
  #length = 0;

  constructor(state: KernelState, kernel: Kernel, evaluation: IntervalEvaluation) {
    const { variables, encode, stream } = state;
    this.name = state.name;
    this.value = evaluation.cell(variables.value);
    this.#old = evaluation.cell(variables.old);
    this.#exact = new Evaluation(kernel.tables);
    for (const key of [variables.key0, variables.key1]) {
      this.#exact.cell(key).value = evaluation.cell(key).value as number;
    }
    this.#encode = encode === null ? () => {} : this.#exact.compile(encode);
    this.#stream = stream === null ? () => {} : this.#exact.compile(stream);
    this.#kernel = kernel;
    this.#state = state;
  }

  open(before: TensorImage, after: TensorImage): void {
    const { tensorId, elementHigh } = this.#kernel.variables;
    this.#before = before.arrays[this.name] as Uint32Array<ArrayBuffer>;
    this.#after = after.arrays[this.name] as Uint32Array<ArrayBuffer>;
    this.#length = before.length;
    this.#exact.cell(tensorId).value = before.id;
    this.#exact.cell(elementHigh).value = 0;
    this.#stream();
  }

  decode(element: number): void {
    this.#old.value = pointInterval(decodeHalf(codeAt(this.#before, 16, element)));
  }

  measure(): void {}

  difference(): Place | null {
    const rest = restDifference(this.#after, this.#length * 16);
    return rest && { what: `the codes of ${this.name}`, ...rest };
  }

  admit(element: number): Admission {
    const { value, newCode } = this.#state.variables;
    const [given, result] = [this.#exact.cell(value), this.#exact.cell(newCode)];
    this.#exact.cell(this.#kernel.variables.element).value = element;
    return admitHalf(codeAt(this.#after, 16, element), this.value.value as Interval, (bound) => {
      given.value = bound;
      this.#encode();
      return result.value;
    });
  }
}
