import type { Expr, Fragment, Kernel, Let } from "./types.js";
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

/** The first name of a value that has several. */
export function firstNameOf(name: string, body: readonly Let[]): string {
  const value = body.find((line) => line.name === name)?.value;
  return value?.kind === "variable" ? firstNameOf(value.name, body) : name;
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
