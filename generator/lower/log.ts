import type { MappingSpec } from "../../spec/schema.js";

type LogMapping = "log" | Extract<MappingSpec, { log: unknown }>;

/** That of the paper's experiments (arXiv 2505.00347). */
const DEFAULT_QUANTILE = 0.1;

export function isLog(mapping: MappingSpec | undefined): mapping is LogMapping {
  return mapping === "log" || (typeof mapping === "object" && "log" in mapping);
}

/** The quantile of a mapping as a multiple of 2^-quantileBits. */
export function quantileOf(mapping: LogMapping, block: number) {
  const quantileBits = Math.min(24, 32 - Math.ceil(Math.log2(block)));
  const quantile = mapping === "log" ? DEFAULT_QUANTILE : mapping.log.quantile;
  return { quantile: Math.round(quantile * 2 ** quantileBits) / 2 ** quantileBits, quantileBits };
}
