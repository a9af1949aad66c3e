import type { KernelState, Table } from "../ir/types.js";
import { remembered } from "../print/constants.js";
import type { Dialect } from "../print/dialect.js";
import { shortestFloat } from "../print/index.js";

/** Tables as templates see them, one after the other. */
export function tableViews(tables: readonly Table[], dialect: Dialect) {
  let offset = 0;
  return tables.map(({ name, type, values }) => {
    const isFloat = type === "f32";
    const view = {
      name,
      offset,
      isFloat,
      /** Whether its entries do not fit a byte. */
      isWide: !isFloat && values.some((value) => value > 255),
      count: values.length,
      // Printed where a template asks for them, which is once in a package and for one of the two.
      get rows() {
        return rowsOf(values.map(isFloat ? remembered(shortestFloat) : String), isFloat ? 8 : 32);
      },
      get literalRows() {
        return rowsOf(values.map(isFloat ? remembered(dialect.constants.f32) : String), isFloat ? 8 : 32);
      },
    };
    offset += values.length;
    return view;
  });
}

/** A way to most codes as templates see it, for granules of 128 of one scale. */
export function segmentsView({ name, segments }: KernelState, granule: number, dialect: Dialect) {
  if (segments === null || granule !== 128) return null;
  const { f32, u32, bool } = dialect.constants;
  const { factor, bias, doubt, isSigned, zero, cells, slopes, offsets } = segments;
  return {
    state: name,
    factor: f32(factor),
    bias: u32(bias),
    doubt: u32(doubt),
    isSigned: bool(isSigned ? 1 : 0),
    zero,
    parts: [rowsOf(cells.map(String), 32), ...[slopes, offsets].map((part) => rowsOf(part.map(f32), 8))],
  };
}

function rowsOf(values: readonly string[], each: number): string[] {
  const count = Math.ceil(values.length / each);
  return Array.from(
    { length: count },
    (_, row) => `${values.slice(row * each, (row + 1) * each).join(", ")},`,
  );
}
