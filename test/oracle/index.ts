/**
 * The oracle: a hand-written reference, from the papers and the definitions, that shares no code with
 * the compiler, its templates or its runtime.
 */
export * from "./arithmetic.js";
export * from "./bfloat16.js";
export * from "./codec.js";
export * from "./fields.js";
export * from "./float16.js";
export * from "./groups.js";
export * from "./log.js";
export * from "./optimizers.js";
export * from "./packing.js";
export * from "./parameter.js";
export * from "./random.js";
export * from "./scale.js";
export * from "./state.js";
export * from "./step.js";
export * from "./tables.js";
export * from "./tensor-rule.js";
export * from "./view.js";
