import type { MappingSpec } from "../../spec/schema.js";

/** A mapping in a few words, which stand between "signed" and "one scale a block". */
export function describeMapping(mapping: MappingSpec, bits: number, signed: boolean): string {
  if (typeof mapping === "string") return mapping === "linear" ? "linear without zero" : mapping;
  if ("dynamic" in mapping) return mapping.dynamic.zero ? "dynamic" : "dynamic without zero";
  if ("linear" in mapping) return mapping.linear.zero ? "linear with zero" : "linear without zero";
  if ("power" in mapping) return `power ${mapping.power}`;
  if ("float" in mapping) {
    const { exponent, largest } = mapping.float;
    const format = `float e${exponent}m${bits - (signed ? 1 : 0) - exponent}`;
    return largest === undefined ? format : `${format} up to ${largest}`;
  }
  if ("compand" in mapping)
    return mapping.compand === "none" ? "symmetric linear" : `${mapping.compand} companding`;
  return Object.keys(mapping)[0] ?? "";
}
