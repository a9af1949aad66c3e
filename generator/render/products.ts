import type { Expr, Fragment, Variable } from "../ir/types.js";
import { namesIn } from "../ir/uses.js";

/** A factor and the variable that is a state's old value times that factor. */
export interface Product {
  readonly factor: string;
  readonly name: string;
}

/** What all uses of an old value have in common: that it is multiplied by one uniform. Null where they have not. */
export function productOf(update: Fragment, old: Variable, uniforms: ReadonlySet<string>): Product | null {
  const read = update.body.flatMap(({ value }) => namesIn(value)).filter((name) => name === old.name).length;
  const factors = update.body.flatMap(({ value }) => factorsIn(value, old.name));
  const [factor] = factors;
  if (factor === undefined || factors.length !== read || factors.some((other) => other !== factor))
    return null;
  return uniforms.has(factor) ? { factor, name: `${old.name}_product` } : null;
}

/** The update where that product is an input of it. */
export function withProduct(update: Fragment, old: Variable, { factor, name }: Product): Fragment {
  const product: Expr = { kind: "variable", type: "f32", name };
  const replaced = (expr: Expr): Expr => {
    if (factorOf(expr, old.name) === factor) return product;
    if (expr.kind === "lookup") return { ...expr, index: replaced(expr.index) };
    return expr.kind === "op" ? { ...expr, args: expr.args.map(replaced) } : expr;
  };
  return {
    ...update,
    inputs: update.inputs.map((input) => (input.name === old.name ? { ...input, name } : input)),
    body: update.body.map((line) => ({ ...line, value: replaced(line.value) })),
  };
}

function factorsIn(expr: Expr, old: string): string[] {
  const factor = factorOf(expr, old);
  if (factor !== null) return [factor];
  if (expr.kind === "lookup") return factorsIn(expr.index, old);
  return expr.kind === "op" ? expr.args.flatMap((argument) => factorsIn(argument, old)) : [];
}

/** The variable that an expression is the product of, beside this one. */
function factorOf(expr: Expr, old: string): string | null {
  if (expr.kind !== "op" || expr.op !== "f32.mul") return null;
  const [left, right] = expr.args;
  if (left?.kind !== "variable" || right?.kind !== "variable") return null;
  if (left.name === old) return right.name === old ? null : right.name;
  return right.name === old ? left.name : null;
}
