import type { Table } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { shortestFloat } from "../print/index.js";

type Print = (value: number) => string;

/** What has been printed, by printer: the same levels stand in every kernel of every spec of a mapping. */
const printed = new WeakMap<Print, Map<number, string>>();

function remembered(print: Print): Print {
  const known = printed.get(print) ?? new Map<number, string>();
  printed.set(print, known);
  return (value) => {
    // Zeros of both signs are one key.
    if (value === 0) return print(value);
    const text = known.get(value) ?? print(value);
    known.set(value, text);
    return text;
  };
}

/** Tables as templates see them, one after the other. */
export function tableViews(tables: readonly Table[], dialect: Dialect) {
  let offset = 0;
  return tables.map(({ name, type, values }) => {
    const isFloat = type === "f32";
    const view = {
      name,
      offset,
      isFloat,
      count: values.length,
      rows: rowsOf(values.map(isFloat ? remembered(shortestFloat) : String), isFloat ? 8 : 32),
      literalRows: rowsOf(values.map(isFloat ? remembered(dialect.constants.f32) : String), isFloat ? 8 : 32),
    };
    offset += values.length;
    return view;
  });
}

function rowsOf(values: readonly string[], each: number): string[] {
  const count = Math.ceil(values.length / each);
  return Array.from(
    { length: count },
    (_, row) => `${values.slice(row * each, (row + 1) * each).join(", ")},`,
  );
}
