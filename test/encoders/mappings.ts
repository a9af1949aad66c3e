import type { Mapping as AnyMapping } from "../oracle/index.js";

type Mapping = Exclude<AnyMapping, { table: readonly number[] }>;

/** Every mapping that resolves to a table. */
export const mappings: readonly (readonly [string, Mapping])[] = [
  ["dynamic", "dynamic"],
  ["dynamic without zero", { dynamic: { zero: false } }],
  ["linear without zero", { linear: { zero: false } }],
  ["linear with zero", { linear: { zero: true } }],
  ["power 2", { power: 2 }],
  ["power 3", { power: 3 }],
  ["power 0.5", { power: 0.5 }],
  ["power 8", { power: 8 }],
  ...[1, 2, 3, 4, 5, 6].map(
    (exponent) => [`float of exponent ${exponent}`, { float: { exponent } }] as const,
  ),
  ["float e4m3 up to 448", { float: { exponent: 4, largest: 448 } }],
  ["softsign companding", { compand: "softsign", grid: "linear" }],
  ["sqrt companding", { compand: "sqrt", grid: "linear" }],
  ["mu-law companding", { compand: "mu-law", grid: "linear" }],
  ["symmetric linear", { compand: "none", grid: "linear" }],
];

/** Whether a state of so many bits can have it: one signed bit has no level for zero beside one for each sign. */
export function fits(mapping: Mapping, bits: number, signed: boolean): boolean {
  if (mapping === "dynamic") return bits > 1 || !signed;
  if ("dynamic" in mapping) return bits > 1 && (mapping.dynamic.zero || !signed);
  if ("compand" in mapping || ("linear" in mapping && mapping.linear.zero)) return bits > 1 || !signed;
  if (!("float" in mapping)) return true;
  const { exponent, largest } = mapping.float;
  return exponent <= bits - (signed ? 1 : 0) && (largest === undefined || (bits === 8 && signed));
}
