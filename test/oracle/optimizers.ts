/** Every update rule of the oracle. */
export * from "./adam.js";
export * from "./adam-variants.js";
export * from "./factored.js";
export * from "./norms.js";
export * from "./onestate.js";
export type * from "./rule.js";
