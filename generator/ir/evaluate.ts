import { opRow } from "./ops.js";
import type { Expr, Fragment, Table } from "./types.js";

/** A variable of a kernel and its value now. Truth values are 1 and 0; what was never given is NaN. */
export interface Cell {
  value: number;
}

type Closure = () => number;

/** What the fragments of a kernel mean: the definition that every target is held to. */
export class Evaluation {
  readonly #cells = new Map<string, Cell>();
  readonly #tables: ReadonlyMap<string, Float32Array | Uint32Array>;

  /** @param uniforms of one step, by name */
  constructor(tables: readonly Table[], uniforms: Readonly<Record<string, number>> = {}) {
    this.#tables = new Map(
      tables.map(({ name, type, values }) => {
        return [name, type === "f32" ? Float32Array.from(values) : Uint32Array.from(values)];
      }),
    );
    for (const [name, value] of Object.entries(uniforms)) this.cell({ name }).value = value;
  }

  cell({ name }: { readonly name: string }): Cell {
    const cell = this.#cells.get(name) ?? { value: Number.NaN };
    this.#cells.set(name, cell);
    return cell;
  }

  /** A function that computes the body of a fragment from what its inputs are then. */
  compile({ body }: Fragment): () => void {
    const steps = body.map((step) => ({ cell: this.cell(step), value: this.#close(step.value) }));
    return () => {
      for (const { cell, value } of steps) cell.value = value();
    };
  }

  #close(expr: Expr): Closure {
    switch (expr.kind) {
      case "constant": {
        const { value } = expr;
        return () => value;
      }
      case "variable": {
        const cell = this.cell(expr);
        return () => cell.value;
      }
      case "lookup": {
        const table = this.#tables.get(expr.table) as Float32Array | Uint32Array;
        const index = this.#close(expr.index);
        return () => {
          const entry = table[index()];
          if (entry === undefined) throw new Error(`${expr.table} has no entry ${index()}`);
          return entry;
        };
      }
      case "op": {
        const { evaluate } = opRow(expr.op);
        const [first, second, third] = expr.args.map((argument) => this.#close(argument));
        if (third && second && first) return () => evaluate(first(), second(), third());
        if (second && first) return () => evaluate(first(), second());
        if (first) return () => evaluate(first());
        throw new Error(`${expr.op} has no arguments`);
      }
    }
  }
}
