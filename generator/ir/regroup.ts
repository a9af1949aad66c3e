import { f32, op } from "./expr.js";
import { type Magnitude, type Magnitudes, measure } from "./magnitude.js";
import type { Expr, Let } from "./types.js";

/**
 * A near value regrouped: what is made of uniforms alone is computed once for all elements. With k = sqrt(1 / b), for instance,
 * sqrt(v / b) + eps = k (sqrt(v) + eps / k), and k goes to the factor.
 */
export interface Regrouped {
  /** What uniforms come to within the rest. */
  readonly uniforms: readonly Let[];
  readonly factor: Expr;
  readonly rest: Expr;
}

/** A product of uniforms and the rest; null is one. */
interface Pulled {
  readonly factor: Expr | null;
  readonly rest: Expr | null;
}

const ONE = f32(1);
/** Where neither a sum nor a product of two can be subnormal or infinite. */
const SAFE = 120;

/** Null where no uniform can be taken out of it, or where what uniforms come to could be too large or too small. */
export function regroup(
  expr: Expr,
  uniforms: ReadonlySet<string>,
  nameOf: (place: number) => string,
  known: Magnitudes,
): Regrouped | null {
  const lets: Let[] = [];
  const magnitudes = new Map<string, Magnitude>(known.variables);
  const all = { variables: magnitudes, least: known.least };

  const isUniform = (part: Expr): boolean => {
    if (part.kind === "constant") return true;
    if (part.kind === "variable") return uniforms.has(part.name);
    return part.kind === "op" && part.args.every(isUniform);
  };
  const define = (value: Expr): Expr => {
    if (value.kind !== "op") return value;
    const name = nameOf(lets.length);
    magnitudes.set(name, measure(value, all));
    lets.push({ name, type: "f32", value });
    return { kind: "variable", type: "f32", name };
  };
  const pull = (part: Expr): Pulled => {
    if (isUniform(part)) return { factor: part, rest: null };
    if (part.kind !== "op") return { factor: null, rest: part };
    const [a, b] = part.args.map(pull) as [Pulled, Pulled];
    switch (part.op) {
      case "f32.mul":
        return { factor: product(a.factor, b.factor), rest: product(a.rest, b.rest) };
      case "f32.div":
        return { factor: quotient(a.factor, b.factor), rest: quotient(a.rest, b.rest) };
      case "f32.sqrt":
        if (a.factor === null || !isPositive(measure(a.factor, all)) || a.rest === null) break;
        return { factor: op("f32.sqrt", a.factor), rest: op("f32.sqrt", a.rest) };
      case "f32.add": {
        const [term, uniform] = a.rest === null ? [b, a] : [a, b];
        if (term.factor === null || term.rest === null || uniform.rest !== null) break;
        if (!isPositive(measure(term.factor, all))) break;
        const added = define(op("f32.div", uniform.factor ?? ONE, term.factor));
        return { factor: term.factor, rest: op("f32.add", term.rest, added) };
      }
    }
    return { factor: null, rest: part };
  };

  const { factor, rest } = pull(expr);
  if (factor === null || rest === null) return null;
  const parts = [factor, ...lets.map(({ value }) => value)].flatMap(partsOf);
  const areSafe =
    parts.every((part) => isSafe(measure(part, all))) &&
    [...parts, ...partsOf(rest)].flatMap(divisorsOf).every((divisor) => isPositive(measure(divisor, all)));
  return areSafe ? { uniforms: lets, factor, rest } : null;
}

const product = (a: Expr | null, b: Expr | null): Expr | null => {
  return a === null || b === null ? (a ?? b) : op("f32.mul", a, b);
};
const quotient = (a: Expr | null, b: Expr | null): Expr | null => {
  return b === null ? a : op("f32.div", a ?? ONE, b);
};

const isPositive = ({ isNonNegative, isZero }: Magnitude): boolean => isNonNegative && !isZero;
const isSafe = ({ lo, hi }: Magnitude): boolean => lo >= -SAFE && hi <= SAFE;

const divisorsOf = (expr: Expr): readonly Expr[] =>
  expr.kind === "op" && expr.op === "f32.div" ? expr.args.slice(1) : [];

/** An operation's operands and their operands, and itself. */
export function partsOf(expr: Expr): Expr[] {
  return expr.kind === "op" ? [expr, ...expr.args.flatMap(partsOf)] : [];
}
