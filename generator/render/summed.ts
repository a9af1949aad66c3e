import type { Expr, Fragment } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName, printValue } from "../print/index.js";

/** Bits of codes that one float adds up: all of them are exact beside 2^23, which is what it begins with. */
const SUM_BITS = 16;
const FIRST = 2 ** 23;

/** A part of a code: what is added where a condition holds, or where it does not. */
interface Term {
  readonly condition: Expr;
  readonly isNegated: boolean;
  readonly value: Expr;
}

/**
 * Codes that are sums of what depends on comparisons, packed as sums of floats, each weighed by its place in a word: a comparison
 * then decides whether one addition is made, which processors may do faster with floats than with integers. Null where a code is
 * no such sum.
 */
export function summedCodes(encode: Fragment | null, bits: number, words: number, dialect: Dialect) {
  const last = encode?.body.at(-1);
  if (encode === null || last === undefined || SUM_BITS % bits !== 0 || !Number.isInteger(words)) return null;
  const terms = termsOf(last.value);
  if (terms === null || last.name !== encode.outputs[0]?.name) return null;
  return {
    lines: printFragment({ ...encode, body: encode.body.slice(0, -1) }, dialect),
    perSum: SUM_BITS / bits,
    first: Array<string>((words * 32) / SUM_BITS)
      .fill(dialect.constants.f32(FIRST))
      .join(", "),
    name: printName(`${last.name}_sum`, dialect),
    terms: terms.map(({ condition, isNegated, value }) => ({
      condition: printValue(condition, dialect),
      isNegated,
      value: printValue(value, dialect),
    })),
  };
}

/** A sum of constants that depend on conditions; null if it is none. */
function termsOf(expr: Expr): Term[] | null {
  if (expr.kind !== "op") return null;
  const [first, second, third] = expr.args as [Expr, Expr, Expr];
  if (expr.op === "u32.add" || (expr.op === "u32.or" && areDisjoint(first, second))) {
    const [left, right] = [termsOf(first), termsOf(second)];
    return left === null || right === null ? null : [...left, ...right];
  }
  if (expr.op !== "u32.select" || first.kind !== "variable") return null;
  if (isZero(third) && second.kind === "constant")
    return [{ condition: first, isNegated: false, value: second }];
  if (isZero(second) && third.kind === "constant")
    return [{ condition: first, isNegated: true, value: third }];
  return null;
}

const isZero = (expr: Expr): boolean => expr.kind === "constant" && expr.value === 0;

/** Whether they have no bit in common. */
const areDisjoint = (first: Expr, second: Expr): boolean => (bitsOf(first) & bitsOf(second)) === 0;

/** The bits that may be set. */
function bitsOf(expr: Expr): number {
  if (expr.kind === "constant") return expr.value;
  if (expr.kind === "op" && (expr.op === "u32.select" || expr.op === "u32.or"))
    return expr.args
      .slice(expr.op === "u32.select" ? 1 : 0)
      .reduce((bits, argument) => bits | bitsOf(argument), 0);
  return -1;
}
