import { typed, variable } from "../ir/expr.js";
import type { Expr, Fragment, Let, Variable } from "../ir/types.js";
import type { Names } from "./names.js";

/** Collects the body of one fragment. */
export class FragmentWriter {
  readonly #names: Names;
  readonly #inputs: Variable[] = [];
  readonly #body: Let[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  /** A value that the surrounding code provides under this name. */
  input(given: Variable): Expr {
    this.#inputs.push(given);
    return variable(given);
  }

  /** A value under a name that the surrounding code knows. */
  define(known: Variable, value: Expr): Expr {
    this.#body.push({ ...known, value });
    return variable(known);
  }

  /** A value under a new name. */
  bind(wanted: string, value: Expr): Expr {
    return this.define(typed(this.#names.fresh(wanted), value.type), value);
  }

  /** A value that will be used more than once: under a new name, unless it is a name or a constant already. */
  once(wanted: string, value: Expr): Expr {
    return value.kind === "variable" || value.kind === "constant" ? value : this.bind(wanted, value);
  }

  finish(...outputs: Variable[]): Fragment {
    return { inputs: this.#inputs, body: this.#body, outputs };
  }
}
