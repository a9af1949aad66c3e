import type { Expr, Fragment, KernelState, Table } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName } from "../print/index.js";

/** Codes of 4 bits whose levels are multiples of the first one, by a power of two: they need no table. */
export interface LineLevels {
  /** The bits of a float from which codes make such that are less than 1 by as many units. */
  readonly near: string;
  /** What scales are multiplied by, since a unit of these floats is less than the first level, and what makes up for that. */
  readonly factor: string;
  readonly back: string;
}

/** Null where a state has other bits, another decoder or another table. */
export function lineLevels(
  { bits, decode, variables }: KernelState,
  tables: readonly Table[],
  { constants }: Dialect,
): LineLevels | null {
  const values = levelsOf(decode, tables);
  const [first = 0] = values;
  const exponent = Math.log2(first);
  const isLine = values.every((value, code) => value === (code + 1) * first);
  if (bits !== 4 || values.length !== 16 || !isLine || !Number.isInteger(exponent)) return null;
  if (!isScaledLevel(decode, variables.scale.name)) return null;
  const factor = -(2 ** (24 + exponent));
  return { near: constants.u32(0x3f7fff00), factor: constants.f32(factor), back: constants.f32(1 / factor) };
}

/** How one of the levels is decoded that all runs have in common. */
export interface OwnLevel {
  readonly table: string;
  readonly lines: readonly string[];
}

/** Null where that is more than one. */
export function ownLevel({ name, decode }: KernelState, dialect: Dialect): OwnLevel | null {
  const lookups = (decode?.body ?? []).flatMap(({ value }) => lookupsIn(value));
  const [lookup] = lookups;
  if (decode === null || lookup === undefined || lookups.length > 1) return null;
  const level: Expr = { kind: "variable", type: "f32", name: `${name}_own_level` };
  const replaced = (expr: Expr): Expr => {
    if (expr.kind === "lookup") return level;
    return expr.kind === "op" ? { ...expr, args: expr.args.map(replaced) } : expr;
  };
  const body = decode.body.map((line) => ({ ...line, value: replaced(line.value) }));
  return {
    table: printName(lookup.table, dialect),
    lines: printFragment({ ...decode, body }, dialect),
  };
}

/** The table of 32 bits a state's codes are found by, where there is one, and how they are where its place is kept. */
export function keptTable({ encode }: KernelState, tables: readonly Table[], dialect: Dialect) {
  const lookups = (encode?.body ?? []).flatMap(({ value }) => lookupsIn(value));
  const [table, ...others] = new Set(lookups.flatMap(({ type, table }) => (type === "u32" ? [table] : [])));
  const values = tables.find(({ name }) => name === table)?.values ?? [];
  const isOne = table !== undefined && others.length === 0 && values.some((value) => value > 255);
  const kept = {
    ...dialect,
    lookups: {
      ...dialect.lookups,
      u32: { ...dialect.lookups.u32, text: dialect.lookups.u32.text.replace("$0", "$0_kept") },
    },
  };
  return {
    keptTable: isOne ? printName(table, dialect) : null,
    keptEncodeLines: encode === null ? [] : printFragment(encode, isOne ? kept : dialect),
  };
}

/** Whether a state has levels of one sign. */
export function isUnsigned({ decode }: KernelState, tables: readonly Table[]): boolean {
  const levels = levelsOf(decode, tables);
  return levels.length > 0 && levels.every((level) => level >= 0);
}

/** Whether a value is a level times a scale, and nothing else. */
function isScaledLevel(decode: Fragment | null, scale: string): boolean {
  const [line, ...others] = decode?.body ?? [];
  if (line?.value.kind !== "op" || line.value.op !== "f32.mul" || others.length > 0) return false;
  const [level, factor] = line.value.args;
  return level?.kind === "lookup" && factor?.kind === "variable" && factor.name === scale;
}

function levelsOf(decode: Fragment | null, tables: readonly Table[]): readonly number[] {
  const [lookup] = (decode?.body ?? []).flatMap(({ value }) => lookupsIn(value));
  return tables.find(({ name }) => name === lookup?.table)?.values ?? [];
}

function lookupsIn(expr: Expr): Extract<Expr, { kind: "lookup" }>[] {
  if (expr.kind === "lookup") return [expr, ...lookupsIn(expr.index)];
  return expr.kind === "op" ? expr.args.flatMap(lookupsIn) : [];
}
