import { extremumOf } from "../ir/extremum.js";
import type { Expr, Fragment } from "../ir/types.js";
import { remembered } from "./constants.js";
import type { Dialect, Spelling } from "./dialect.js";

/** Statements of a fragment, one a line. */
export function printFragment(fragment: Fragment | null, dialect: Dialect): string[] {
  return (fragment?.body ?? []).map(({ name, type, value }) =>
    fill(dialect.declaration, [
      printName(name, dialect),
      dialect.types[type],
      printExpr(value, dialect).text,
    ]),
  );
}

/** What a spelling makes of texts that bind tightly. */
export function printCall({ text }: Spelling, args: readonly string[]): string {
  return fill(text, args);
}

export function printValue(value: Expr, dialect: Dialect): string {
  return printExpr(value, dialect).text;
}

/** The name a variable has in this language. */
export function printName(name: string, dialect: Dialect): string {
  return dialect.reserved.has(name) || dialect.owned?.test(name) ? `${name}_` : name;
}

/** Helpers that the fragments' spellings call for. */
export function neededHelpers(fragments: readonly Fragment[], dialect: Dialect): Set<string> {
  const needed = new Set<string>();
  const visit = (expr: Expr): void => {
    if (expr.kind === "op") {
      const { needs } = dialect.ops[expr.op];
      if (needs !== undefined) needed.add(needs);
      expr.args.forEach(visit);
    }
    if (expr.kind === "lookup") visit(expr.index);
  };
  for (const { body } of fragments) for (const { value } of body) visit(value);
  return needed;
}

interface Printed {
  readonly text: string;
  readonly level: number;
}

const TIGHTEST = Number.POSITIVE_INFINITY;

function printExpr(expr: Expr, dialect: Dialect): Printed {
  switch (expr.kind) {
    case "constant": {
      const text = remembered(dialect.constants[expr.type])(expr.value);
      return { text: text.startsWith("-") ? `(${text})` : text, level: TIGHTEST };
    }
    case "variable":
      return { text: printName(expr.name, dialect), level: TIGHTEST };
    case "lookup":
      return apply(dialect.lookups[expr.type], [
        { text: expr.table, level: TIGHTEST },
        printExpr(expr.index, dialect),
      ]);
    case "op": {
      const found = extremumIn(expr, dialect) ?? exactProductIn(expr, dialect);
      const [spelling, args] = found ?? [dialect.ops[expr.op], expr.args];
      return apply(
        spelling,
        args.map((argument) => printExpr(argument, dialect)),
      );
    }
  }
}

/** How a selection of the greater or the lesser is spelled, and of what; null where it is printed as it stands. */
function extremumIn(
  { op, args }: Extract<Expr, { kind: "op" }>,
  { extrema }: Dialect,
): [Spelling, readonly Expr[]] | null {
  if (extrema === undefined || (op !== "f32.select" && op !== "u32.select")) return null;
  const extremum = extremumOf(args);
  return extremum?.isStrict && extremum.isInOrder ? [extrema[extremum.of], args.slice(1)] : null;
}

/** A product with a power of two that goes into a sum with so large a constant that it matters only where it is exact. */
function exactProductIn(
  { op, args }: Extract<Expr, { kind: "op" }>,
  { exactProduct }: Dialect,
): [Spelling, readonly Expr[]] | null {
  const [product, addend] = args;
  if (exactProduct === undefined || op !== "f32.add" || product?.kind !== "op" || product.op !== "f32.mul")
    return null;
  const factor = product.args[1];
  if (addend?.kind !== "constant" || Math.abs(addend.value) < 2 ** -64) return null;
  if (factor?.kind !== "constant" || !Number.isInteger(Math.log2(factor.value))) return null;
  return [exactProduct, [...product.args, addend]];
}

function apply(spelling: Spelling, args: readonly Printed[]): Printed {
  const texts = args.map(({ text, level }, index) =>
    level < (spelling.args?.[index] ?? spelling.level) ? `(${text})` : text,
  );
  return { text: fill(spelling.text, texts), level: spelling.level };
}

/** Patterns cut at their places, $0 to $9: texts and the numbers of places by turns. */
const patterns = new Map<string, readonly string[]>();

function fill(pattern: string, values: readonly string[]): string {
  const parts = patterns.get(pattern) ?? pattern.split(/\$(\d)/);
  patterns.set(pattern, parts);
  return parts.map((part, index) => (index % 2 === 0 ? part : (values[Number(part)] ?? ""))).join("");
}

/** The shortest decimal that reads back as this float32. */
export function shortestFloat(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}
