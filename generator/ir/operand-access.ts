import type { Cell, Evaluation } from "./evaluate.js";
import { arrayNamed, type ExecutionTensor } from "./state-access.js";
import type { Fragment, Kernel, KernelState } from "./types.js";

/** float32, or 16 bits an element. */
type StoredValues = ExecutionTensor["arrays"][string];

/** The parameter or the gradient of one tensor. */
export class OperandAccess {
  readonly #stored: StoredValues;
  readonly #new: StoredValues;
  readonly #decode: (() => void) | null;
  readonly #encode: (() => void) | null;
  readonly #cells: Readonly<Record<"old" | "value" | "code" | "newCode", Cell>>;
  readonly #element: Cell;

  constructor(state: KernelState, kernel: Kernel, tensor: ExecutionTensor, evaluation: Evaluation) {
    const { name, variables, decode, encode, stream } = state;
    const run = (fragment: Fragment | null) => (fragment ? evaluation.compile(fragment) : null);
    [this.#decode, this.#encode] = [run(decode), run(encode)];
    this.#cells = {
      old: evaluation.cell(variables.old),
      value: evaluation.cell(variables.value),
      code: evaluation.cell(variables.code),
      newCode: evaluation.cell(variables.newCode),
    };
    this.#element = evaluation.cell(kernel.variables.element);
    this.#stored = arrayNamed(tensor, name);
    this.#new = this.#stored.slice();
    evaluation.cell(kernel.variables.tensorId).value = tensor.id;
    evaluation.cell(kernel.variables.elementHigh).value = 0;
    run(stream)?.();
  }

  /** What it is before the step; a parameter in two parts after its second part was read. */
  decode(element: number): void {
    const { old, code } = this.#cells;
    (this.#decode === null ? old : code).value = this.#stored[element] as number;
    this.#decode?.();
  }

  /** Keeps the new value, encoded. */
  encode(element: number): void {
    const { value, newCode } = this.#cells;
    this.#element.value = element;
    this.#encode?.();
    this.#new[element] = (this.#encode === null ? value : newCode).value;
  }

  write(): void {
    this.#stored.set(this.#new);
  }
}
