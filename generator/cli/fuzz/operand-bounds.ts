import { Evaluation } from "../../ir/evaluate.js";
import { type Interval, pointInterval, rounded } from "../../ir/interval.js";
import type { Fragment, Kernel, KernelState } from "../../ir/types.js";
import { type Admission, admitFloat, formatInterval } from "./admission.js";
import { codeAt, formatFloat } from "./bits.js";
import type { IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import type { StoredArray, TensorImage } from "./reference.js";

/** Of the stored value, and of the second part of a parameter in two. */
type Codes = readonly [code: number, rest?: number];

/** The parameter or the gradient as it is stored, one element of it after the other. */
export class OperandBounds {
  readonly #operand: KernelState;
  /** The other part of a parameter in two parts. */
  readonly #rest: KernelState | undefined;
  readonly #exact: Evaluation;
  readonly #old: IntervalCell;
  readonly #decode: () => void;
  readonly #encode: readonly (() => void)[];
  readonly #stream: () => void;
  readonly #kernel: Kernel;

  constructor(operand: KernelState, kernel: Kernel, evaluation: IntervalEvaluation) {
    const rest = operand === kernel.parameter ? correctionOf(kernel) : undefined;
    const { variables, decode, stream } = operand;
    this.#operand = operand;
    this.#rest = rest;
    this.#kernel = kernel;
    this.#old = evaluation.cell(variables.old);
    this.#exact = new Evaluation(kernel.tables);
    for (const key of [variables.key0, variables.key1]) {
      this.#exact.cell(key).value = evaluation.cell(key).value as number;
    }
    const parts = rest === undefined ? [operand] : [operand, rest];
    const compile = (fragment: Fragment | null) => (fragment === null ? [] : [this.#exact.compile(fragment)]);
    this.#decode = decode === null ? () => {} : this.#exact.compile(decode);
    this.#encode = parts.flatMap(({ encode }) => compile(encode));
    this.#stream = stream === null ? () => {} : this.#exact.compile(stream);
  }

  open({ id }: TensorImage): void {
    const { tensorId, elementHigh } = this.#kernel.variables;
    this.#exact.cell(tensorId).value = id;
    this.#exact.cell(elementHigh).value = 0;
    this.#stream();
  }

  /** Puts the old value of an element where the update reads it. */
  decode(stored: StoredArray, rest: StoredArray | undefined, element: number): void {
    this.#old.value = pointInterval(this.#valueOf(...this.#codesAt(stored, rest, element)));
  }

  /** Whether what the device stored for an element may come from a value of the interval. */
  admit(stored: StoredArray, rest: StoredArray | undefined, element: number, interval: Interval): Admission {
    const codes = this.#codesAt(stored, rest, element);
    const found = this.#valueOf(...codes);
    if (this.#operand.decode === null) return admitFloat(found, interval);
    this.#exact.cell(this.#kernel.variables.element).value = element;
    // Rounding, with one random word, grows with the value, and what is stored decodes to what is rounded to itself.
    const { lo, hi, nan } = rounded(interval);
    const [least, most] = [lo, hi].map((bound) => this.#valueOf(...this.#codesOf(bound))) as [number, number];
    const isBetween = lo <= hi && found >= least && found <= most;
    const isItself = this.#codesOf(found).every((code, part) => code === codes[part]);
    return {
      admitted: Number.isNaN(found) ? nan : isBetween && isItself,
      codes: [],
      get allowed() {
        return formatInterval(lo <= hi ? { lo: least, hi: most, nan } : interval);
      },
      get found() {
        return `${formatFloat(found)}, stored as ${codes.map((code = 0) => `0x${code.toString(16)}`).join(" and ")}`;
      },
    };
  }

  #codesAt(stored: StoredArray, rest: StoredArray | undefined, element: number): Codes {
    const code = stored[element] as number;
    if (this.#rest === undefined) return [code];
    return [code, codeAt(rest as Uint32Array, this.#rest.bits, element)];
  }

  #codesOf(value: number): Codes {
    const parts = this.#rest === undefined ? [this.#operand] : [this.#operand, this.#rest];
    this.#exact.cell(this.#operand.variables.value).value = value;
    for (const encode of this.#encode) encode();
    const [code = 0, rest] = parts.map(({ variables }) => this.#exact.cell(variables.newCode).value);
    return rest === undefined ? [code] : [code, rest];
  }

  #valueOf(code: number, rest = 0): number {
    if (this.#operand.decode === null) return code;
    this.#exact.cell(this.#operand.variables.code).value = code;
    if (this.#rest !== undefined) this.#exact.cell(this.#rest.variables.code).value = rest;
    this.#decode();
    return this.#exact.cell(this.#operand.variables.old).value;
  }
}

/** The state that holds the second part of the parameter: it has no value of its own. */
export function correctionOf({ states }: Kernel): KernelState | undefined {
  return states.find(({ decode }) => decode?.outputs.length === 0);
}
