import { opRow } from "../../generator/ir/ops.js";
import type { Expr, Fragment, Kernel } from "../../generator/ir/types.js";

/** A register, and the product it was rounded from, which a sum may take instead. */
interface Register {
  readonly value: number;
  readonly unrounded: number;
}

export interface Cell {
  value: Register;
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

const { fround, abs } = Math;
const smallestNormal = 2 ** -126;

/**
 * Evaluates fragments as some device of an ulp class might: at random, products are fused into sums, subnormal numbers
 * read and written as zero, quotients and roots off by as much as the class allows.
 */
export class Jitter {
  readonly #cells = new Map<string, Cell>();
  readonly #kernel: Kernel;
  readonly #division: number;
  readonly #root: number;
  readonly #random: Random;

  constructor(
    kernel: Kernel,
    uniforms: Readonly<Record<string, number>>,
    accuracy: { division: number; squareRoot: number },
    random: Random,
  ) {
    this.#kernel = kernel;
    this.#division = accuracy.division;
    this.#root = accuracy.squareRoot;
    this.#random = random;
    for (const { name, type } of kernel.uniforms) {
      const value = uniforms[name] as number;
      this.set({ name }, type === "f32" ? fround(value) : value);
    }
  }

  set({ name }: { readonly name: string }, value: number): void {
    this.#cells.set(name, { value: { value, unrounded: value } });
  }

  get({ name }: { readonly name: string }): number {
    return this.#cells.get(name)?.value.value ?? Number.NaN;
  }

  run({ body }: Fragment): void {
    for (const { name, value } of body) this.#cells.set(name, { value: this.#evaluate(value) });
  }

  #evaluate(expr: Expr): Register {
    switch (expr.kind) {
      case "constant":
        return exact(expr.value);
      case "variable":
        return this.#cells.get(expr.name)?.value ?? exact(Number.NaN);
      case "lookup": {
        const table = this.#kernel.tables.find(({ name }) => name === expr.table);
        return exact(table?.values[this.#evaluate(expr.index).value] ?? Number.NaN);
      }
      case "op":
        return this.#apply(expr);
    }
  }

  #apply({ op, args }: Extract<Expr, { kind: "op" }>): Register {
    const given = args.map((argument) => this.#evaluate(argument));
    const isFloat = opRow(op).args.map((type) => type === "f32");
    const operand = (index: number): number => {
      const { value } = given[index] as Register;
      return isFloat[index] ? this.#flush(value) : value;
    };
    const term = (index: number): number => {
      const { value, unrounded } = given[index] as Register;
      return this.#random() < 0.5 ? this.#flush(value) : unrounded;
    };
    switch (op) {
      case "f32.select":
        return given[operand(0) === 0 ? 2 : 1] as Register;
      case "f32.mul": {
        const unrounded = operand(0) * operand(1);
        return { value: this.#flush(fround(unrounded), unrounded), unrounded };
      }
      case "f32.add":
        return exact(this.#flush(fround(term(0) + term(1))));
      case "f32.sub":
        return exact(this.#flush(fround(term(0) - term(1))));
      case "f32.neg":
        return negated(given[0] as Register);
      case "f32.div": {
        const [a, b] = [operand(0), operand(1)];
        if (abs(b) > 2 ** 126 && this.#random() < 0.5) return exact(0 * a);
        return exact(this.#flush(this.#off(a / b, this.#division)));
      }
      case "f32.sqrt":
        return exact(this.#flush(Math.max(this.#off(Math.sqrt(operand(0)), this.#root), 0)));
      default:
        return exact(opRow(op).evaluate(...args.map((_, index) => operand(index))));
    }
  }

  /** Zero, perhaps, where a number or what it was rounded from is subnormal. */
  #flush(value: number, unrounded = value): number {
    return abs(unrounded) < smallestNormal && this.#random() < 0.5 ? 0 * value : value;
  }

  /** A float32 within so many units in the last place of a number. */
  #off(value: number, ulps: number): number {
    const size = fround(abs(value));
    if (size === 0 || !Number.isFinite(size)) return fround(value);
    const unit = 2 ** (Math.max(Math.floor(Math.log2(size)), -126) - 23);
    const found = fround(value + (2 * this.#random() - 1) * ulps * unit);
    return abs(found - value) <= ulps * unit ? found : fround(value);
  }
}

const exact = (value: number): Register => ({ value, unrounded: value });
const negated = ({ value, unrounded }: Register): Register => ({ value: -value, unrounded: -unrounded });

/** The same numbers every time. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  };
}
