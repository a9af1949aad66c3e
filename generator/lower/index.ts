import type { OptimizerSpec, StateSpec } from "../../spec/schema.js";
import type { CheckedSpec } from "../check/index.js";
import { correctionName, namesOfState } from "../names.js";
import { formatUniform } from "../rule/uniform.js";
import { isCompanding } from "./compand.js";
import { dtypesOf, parameterOf } from "./dtypes.js";
import { chooseEncoder } from "./encoder.js";
import { isLog, quantileOf } from "./log.js";
import { describeMapping } from "./mapping-text.js";
import type { CodecPlan, Plan, StatePlan } from "./plan.js";
import { codebookOf, searchedOf } from "./tables.js";
import { hoistUniforms } from "./uniforms.js";
import { variantsOf } from "./variants.js";

const DEFAULT_MIN_SIZE = 4096;

/** Settles everything that a spec leaves open. */
export function lower({ spec, rule }: CheckedSpec): Plan {
  const states = Object.entries(spec.states ?? {}).map(([name, state]) => lowerState(name, state));
  const locals = rule.assignments.filter(({ role }) => role === "local").map(({ target }) => target);
  const taken = new Set([
    "p",
    "g",
    "t",
    ...["p", "g", correctionName].flatMap((name) => [name, ...namesOfState(name)]),
    ...states.flatMap(({ name }) => [name, ...namesOfState(name)]),
    ...Object.keys(spec.hyper ?? {}),
    ...locals,
  ]);
  const parameter = parameterOf(spec);
  const { uniforms, statements } = hoistUniforms(rule, taken);

  return {
    planVersion: 1,
    name: spec.name,
    className: classNameOf(spec.name),
    title: forComments(spec.title ?? spec.name),
    reference: forComments(spec.reference ?? ""),
    update: forComments(spec.update.trimEnd()),
    hypers: hypersOf(spec),
    schedules: rule.schedules.map(({ name, value }) => ({ name, expr: value, text: formatUniform(value) })),
    uniforms,
    streams: [
      ...states.filter(({ codec }) => codec.rounding === "stochastic").map(({ name }) => name),
      ...(parameter.rounding === "stochastic" ? ["p"] : []),
    ].map((state, index) => ({ state, index })),
    dtypes: dtypesOf(spec),
    parameter,
    nonfinite: spec.nonfinite ?? "hold",
    math: spec.math ?? "exact",
    rule: statements,
    states,
    variants: variantsOf(states, statements),
  };
}

/** Generated code shows these in comments: they must not end one, nor go on in the next line. */
function forComments(text: string): string {
  return text.replaceAll("*/", "* /").replace(/\\(?=[ \t\r]*$)/gm, "\\ .");
}

function hypersOf(spec: OptimizerSpec): Plan["hypers"] {
  return Object.entries(spec.hyper ?? {}).map(([name, value]) => ({
    name,
    default: typeof value === "number" ? value : null,
    text: String(value),
  }));
}

function lowerState(name: string, state: StateSpec): StatePlan {
  const codec = codecOf(state);
  return {
    name,
    shape: state.shape ?? "element",
    codec,
    minSize: codec.kind === "f32" ? 0 : (state.min_size ?? DEFAULT_MIN_SIZE),
  };
}

function codecOf({
  bits,
  signed,
  mapping,
  normalize,
  rounding = "nearest",
  scale = "f32",
}: StateSpec): CodecPlan {
  if (bits === 32) return { kind: "f32", bits, rounding: "nearest" };
  if (bits === 16) return { kind: "bf16", bits, rounding };
  if (signed === undefined || mapping === undefined || normalize === undefined) {
    throw new Error("lower needs a checked spec");
  }
  if (isLog(mapping)) {
    if (typeof normalize === "string") throw new Error("lower needs a checked spec");
    const quantile = quantileOf(mapping, normalize.block);
    const common = { bits, signed: false, rounding, normalize, scale: "f32", scaleOf: "absmax" } as const;
    return {
      kind: "log",
      ...common,
      mapping: `log to the ${Number(quantile.quantile.toPrecision(6))} quantile`,
      ...quantile,
    };
  }
  const { levels, thresholds } = codebookOf(mapping, bits, signed);
  const compand = isCompanding(mapping) ? mapping.compand : null;
  return {
    kind: "table",
    bits,
    signed,
    mapping: describeMapping(mapping, bits, signed),
    rounding,
    normalize,
    scale,
    // The squares of small gradients lie below the range of float16; their roots, which sqrt compands, do not.
    scaleOf: scale !== "f32" && compand === "sqrt" ? "root" : "absmax",
    compand,
    levels,
    thresholds,
    encoder: chooseEncoder(searchedOf(rounding, levels, thresholds)),
  };
}

/** adamw-4bit-block becomes Adamw4bitBlock; a name part that is a known rule keeps its usual capitals. */
function classNameOf(name: string): string {
  const className = name
    .split("-")
    .map((part) => usualCapitals.get(part) ?? part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
  return classNamesInUse.has(className) ? `${className}Optimizer` : className;
}

const usualCapitals = new Map([
  ["adamw", "AdamW"],
  ["sgdm", "SGDM"],
  ["sgd", "SGD"],
  ["rmsprop", "RMSprop"],
  ["lamb", "LAMB"],
  ["lars", "LARS"],
]);

/** What the module of the class imports and calls. */
const classNamesInUse = new Set([
  ...[
    "Codec",
    "Device",
    "LowbitOptimizer",
    "OptimizerDescriptor",
    "OptimizerOptions",
    "ParameterInput",
    "ParameterValues",
  ],
  ...["Infinity", "Math", "Readonly", "Record"],
]);
