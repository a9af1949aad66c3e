import { extremumOf } from "../../ir/extremum.js";
import {
  type FloatOp,
  type Fork,
  greatest,
  type Interval,
  type IntervalAccuracy,
  type IntervalRow,
  type IntervalValue,
  intervalRows,
  leadingBits,
  least,
  pointInterval,
} from "../../ir/interval.js";
import { opRow } from "../../ir/ops.js";
import type { Expr, Fragment, Kernel, Scalar } from "../../ir/types.js";
import { Ways } from "./ways.js";

/** A variable of a kernel and what it may be now: an interval for f32, a number for u32 and bool. */
export interface IntervalCell {
  value: IntervalValue;
}

/** Computes the body of a fragment on every way through it, and calls `visit` at the end of each. */
export type EachWay = (visit: () => void) => void;

type Closure = () => IntervalValue;

/** The fragments of a kernel over intervals: `Evaluation` of ir/evaluate.ts for a class of devices. */
export class IntervalEvaluation {
  readonly #cells = new Map<string, IntervalCell>();
  readonly #tables: ReadonlyMap<string, readonly IntervalValue[]>;
  readonly #rows: Readonly<Record<FloatOp, IntervalRow>>;
  readonly #ways: Ways;
  readonly #fork: Fork;

  /** @param uniforms of one step, by name */
  constructor(kernel: Kernel, uniforms: Readonly<Record<string, number>>, accuracy: IntervalAccuracy) {
    this.#tables = new Map(
      kernel.tables.map(({ name, type, values }) => [name, values.map((value) => typedValue(type, value))]),
    );
    this.#rows = intervalRows(accuracy);
    this.#ways = new Ways(kernel.name);
    this.#fork = (ways) => this.#ways.take(ways);
    for (const uniform of kernel.uniforms) {
      this.cell(uniform).value = typedValue(uniform.type, uniforms[uniform.name] as number);
    }
  }

  cell({ name }: { readonly name: string }): IntervalCell {
    const cell = this.#cells.get(name) ?? { value: Number.NaN };
    this.#cells.set(name, cell);
    return cell;
  }

  compile({ body }: Fragment): EachWay {
    const steps = body.map((step) => ({ cell: this.cell(step), value: this.#close(step.value) }));
    return (visit) => {
      this.#ways.start();
      do {
        for (const { cell, value } of steps) cell.value = value();
        visit();
      } while (this.#ways.next());
    };
  }

  #close(expr: Expr): Closure {
    switch (expr.kind) {
      case "constant": {
        const value = typedValue(expr.type, expr.value);
        return () => value;
      }
      case "variable": {
        const cell = this.cell(expr);
        return () => cell.value;
      }
      case "lookup": {
        const table = this.#tables.get(expr.table) as readonly IntervalValue[];
        const index = this.#close(expr.index);
        return () => table[index() as number] as IntervalValue;
      }
      case "op":
        return this.#apply(expr);
    }
  }

  #apply({ op, type, args }: Extract<Expr, { kind: "op" }>): Closure {
    const [a, b, c] = args.map((argument) => this.#close(argument)) as [Closure, Closure, Closure];
    const choose = op === "f32.select" ? extremumOf(args) : null;
    if (choose !== null) {
      const { of, isStrict } = choose;
      // Without taking both ways.
      const extremum = of === "greater" ? greatest : least;
      return () => extremum(b() as Interval, c() as Interval, isStrict);
    }
    // What is not selected is not followed.
    if (op === "f32.select" || op === "u32.select") return () => (a() !== 0 ? b() : c());
    if (op === "f32.leading") return () => leadingBits(this.#fork, a() as Interval, b() as number);
    if (op in this.#rows) {
      const [row, fork] = [this.#rows[op as FloatOp], this.#fork];
      if (args.length === 1) return () => row(fork, a() as Interval, a() as Interval);
      return () => row(fork, a() as Interval, b() as Interval);
    }
    const { evaluate } = opRow(op);
    if (args.length === 1) return () => typedValue(type, evaluate(a() as number));
    return () => evaluate(a() as number, b() as number);
  }
}

function typedValue(type: Scalar, value: number): IntervalValue {
  return type === "f32" ? pointInterval(Math.fround(value)) : value;
}
