import type { Expr, Fragment, Kernel } from "./types.js";
import { fragmentsOf } from "./verify.js";

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

const reads = new WeakMap<Kernel, ReadonlySet<string>>();

/** Every variable that a kernel reads; found once, since every target asks. */
export function namesReadBy(kernel: Kernel): ReadonlySet<string> {
  const names = reads.get(kernel) ?? namesRead(fragmentsOf(kernel));
  reads.set(kernel, names);
  return names;
}
