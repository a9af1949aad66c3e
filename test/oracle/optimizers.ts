/** Every update rule of the oracle. */
export * from "./adam.js";
export * from "./onestate.js";
export type * from "./rule.js";
