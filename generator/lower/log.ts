import type { MappingSpec } from "../../spec/schema.js";

type LogMapping = "log" | Extract<MappingSpec, { log: unknown }>;

/** That of the paper's experiments (arXiv 2505.00347). */
const DEFAULT_QUANTILE = 0.1;

export function isLog(mapping: MappingSpec | undefined): mapping is LogMapping {
  return mapping === "log" || (typeof mapping === "object" && "log" in mapping);
}

export function quantileOf(mapping: LogMapping): number {
  return mapping === "log" ? DEFAULT_QUANTILE : mapping.log.quantile;
}
