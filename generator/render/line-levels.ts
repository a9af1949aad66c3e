import type { Expr, Fragment, KernelState, Table } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment } from "../print/index.js";

/** Codes of 4 bits whose levels lie on a line: they need no table. */
export interface LineLevels {
  /** The bits of the power of two beside which floats lie as far apart as the levels. */
  readonly near: string;
  /** That number less the first level. */
  readonly offset: string;
  /** How a level is decoded. */
  readonly lines: readonly string[];
}

/** Null where a state has other bits, another decoder or another table. */
export function lineLevels(
  { name, bits, decode }: KernelState,
  tables: readonly Table[],
  dialect: Dialect,
): LineLevels | null {
  const lookups = (decode?.body ?? []).flatMap(({ value }) => lookupsIn(value));
  const values = levelsOf(decode, tables);
  const [first = 0, second = 0] = values;
  const exponent = Math.log2(second - first);
  const isLine = values.every((value, code) => value === first + code * 2 ** exponent);
  if (bits !== 4 || decode === null || lookups.length !== 1 || values.length !== 16) return null;
  if (!isLine || !Number.isInteger(exponent) || first < 0 || first > 1) return null;
  const level: Expr = { kind: "variable", type: "f32", name: `${name}_level` };
  const replaced = (expr: Expr): Expr => {
    if (expr.kind === "lookup") return level;
    return expr.kind === "op" ? { ...expr, args: expr.args.map(replaced) } : expr;
  };
  const fragment: Fragment = {
    ...decode,
    body: decode.body.map((line) => ({ ...line, value: replaced(line.value) })),
  };
  return {
    near: dialect.constants.u32((127 + 23 + exponent) * 2 ** 23),
    offset: dialect.constants.f32(2 ** (23 + exponent) - first),
    lines: printFragment(fragment, dialect),
  };
}

/** Whether a state has levels of one sign. */
export function isUnsigned({ decode }: KernelState, tables: readonly Table[]): boolean {
  const levels = levelsOf(decode, tables);
  return levels.length > 0 && levels.every((level) => level >= 0);
}

function levelsOf(decode: Fragment | null, tables: readonly Table[]): readonly number[] {
  const [lookup] = (decode?.body ?? []).flatMap(({ value }) => lookupsIn(value));
  return tables.find(({ name }) => name === lookup?.table)?.values ?? [];
}

function lookupsIn(expr: Expr): Extract<Expr, { kind: "lookup" }>[] {
  if (expr.kind === "lookup") return [expr, ...lookupsIn(expr.index)];
  return expr.kind === "op" ? expr.args.flatMap(lookupsIn) : [];
}
