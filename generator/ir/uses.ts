import type { Expr, Fragment } from "./types.js";

/** Every variable an expression reads. */
export function namesIn(expr: Expr): string[] {
  switch (expr.kind) {
    case "constant":
      return [];
    case "variable":
      return [expr.name];
    case "lookup":
      return namesIn(expr.index);
    case "op":
      return expr.args.flatMap(namesIn);
  }
}

/** Every variable that some fragments read. */
export function namesRead(fragments: readonly Fragment[]): Set<string> {
  return new Set(
    fragments.flatMap(({ body, outputs }) => [
      ...body.flatMap(({ value }) => namesIn(value)),
      ...outputs.map(({ name }) => name),
    ]),
  );
}
