import type { Expr, Fragment } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName, printValue } from "../print/index.js";

/** Bits of codes that one float adds up: all of them are exact beside 2^23, which is what it begins with. */
const SUM_BITS = 16;
const FIRST = 2 ** 23;

/** A part of a code: what is added, where the condition holds. */
interface Term {
  readonly condition: Expr | null;
  readonly isNegated: boolean;
  readonly value: Expr;
}

/**
 * Codes as sums of floats, each weighed by its place in a word: processors that add floats faster than integers then pack by
 * adding, and where a part of a code depends on a comparison, adding or not is all that there is to do. Null where a code is
 * no sum.
 */
export function summedCodes(encode: Fragment | null, bits: number, words: number, dialect: Dialect) {
  const last = encode?.body.at(-1);
  if (encode === null || last === undefined || SUM_BITS % bits !== 0 || !Number.isInteger(words)) return null;
  const terms = termsOf(last.value, wholeNumbers(encode));
  if (terms === null || last.name !== encode.outputs[0]?.name) return null;
  return {
    lines: printFragment({ ...encode, body: encode.body.slice(0, -1) }, dialect),
    perSum: SUM_BITS / bits,
    first: Array<string>((words * 32) / SUM_BITS)
      .fill(dialect.constants.f32(FIRST))
      .join(", "),
    name: printName(`${last.name}_sum`, dialect),
    terms: terms.map(({ condition, isNegated, value }) => ({
      condition: condition === null ? null : printValue(condition, dialect),
      isNegated,
      /** A whole number below 2^bits. */
      constant: value.kind === "constant" ? value.value : null,
      value: printValue(value, dialect),
    })),
  };
}

/** A sum of whole numbers in floats and of constants that depend on conditions; null if it is none. */
function termsOf(expr: Expr, whole: ReadonlySet<string>): Term[] | null {
  if (expr.kind !== "op") return null;
  const [first, second, third] = expr.args as [Expr, Expr, Expr];
  if (expr.op === "u32.add" || (expr.op === "u32.or" && areDisjoint(first, second))) {
    const [left, right] = [termsOf(first, whole), termsOf(second, whole)];
    return left === null || right === null ? null : [...left, ...right];
  }
  if (expr.op === "f32.truncate" && first.kind === "variable" && whole.has(first.name))
    return [{ condition: null, isNegated: false, value: first }];
  if (expr.op !== "u32.select" || first.kind !== "variable") return null;
  if (isZero(third) && second.kind === "constant")
    return [{ condition: first, isNegated: false, value: second }];
  if (isZero(second) && third.kind === "constant")
    return [{ condition: first, isNegated: true, value: third }];
  return null;
}

/** What is looked up in tables of floats for a code is a part of it. */
const wholeNumbers = ({ body }: Fragment): ReadonlySet<string> =>
  new Set(
    body.filter(({ value }) => value.kind === "lookup" && value.type === "f32").map(({ name }) => name),
  );

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
