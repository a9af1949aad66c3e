import fc from "fast-check";
import { stringify } from "yaml";
import { fits, mappings as named } from "../encoders/mappings.js";
import type {
  Dtype,
  LogMapping,
  Mapping,
  Normalize,
  ParameterCodec,
  Rounding,
  StateCodec,
} from "../oracle/index.js";
import type { RuleText } from "./rules.js";

/** A valid spec, and what the oracle takes instead of it. */
export interface RandomSpec {
  readonly rule: RuleText;
  readonly hypers: Readonly<Record<string, number>>;
  /** One for each state the rule names. */
  readonly codecs: readonly StateCodec[];
  readonly nonfinite: "hold" | "propagate";
  readonly math: "exact" | "fast";
  readonly param: ParamSpec;
  readonly format: "yaml" | "json";
}

const tableMappings = named.map(([, mapping]) => mapping);
/** Kernels for each dtype of parameters with each of gradients; null is the parameter's own. */
export interface ParamSpec extends Omit<ParameterCodec, "dtype"> {
  readonly dtypes: readonly Dtype[];
  readonly grads: readonly Dtype[] | null;
}

const rounding = fc.constantFrom<Rounding>("nearest", "stochastic");
const minSize = fc.constantFrom(0, 0, 1, 5, 33, 100, 130);
const scale = fc.constantFrom("f32", "f32", "f16", "bf16");
const blocks = [128, 1, 2, 3, 7, 32, 100, 127, 256, 2048, 10007];
const normalize = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.nat(blocks.length - 1).map((index): Normalize => ({ block: blocks[index] as number })),
  },
  { weight: 1, arbitrary: fc.constant<Normalize>("tensor") },
  { weight: 2, arbitrary: fc.constantFrom<Normalize>("row", "col", "rank1") },
);

/** Of a state of a rule. */
function shapeOf({ rule }: RuleText, state: number): string {
  return "shapes" in rule ? (rule.shapes[state] ?? "element") : "element";
}

export function specs(rules: readonly RuleText[]): fc.Arbitrary<RandomSpec> {
  return fc.nat(rules.length - 1).chain((index) => {
    const rule = rules[index] as RuleText;
    return fc.record({
      rule: fc.constant(rule),
      hypers: rule.hypers,
      codecs: fc
        .tuple(
          ...rule.rule.states.map((_, state) =>
            shapeOf(rule, state) === "element" ? codecs() : fc.constant<StateCodec>({ bits: 32 }),
          ),
        )
        .map(withinTiles)
        .filter(fitTogether),
      nonfinite: fc.constantFrom("hold" as const, "hold" as const, "propagate" as const),
      // What is not bit for bit is evaluated over intervals, which takes its time.
      math: fc.nat(5).map((choice) => (choice < 5 ? "exact" : "fast")),
      param: params(),
      format: fc.constantFrom("yaml" as const, "json" as const),
    });
  });
}

/** float32 alone, the default, as often as anything else. */
export function params(): fc.Arbitrary<ParamSpec> {
  const some = fc.uniqueArray(fc.constantFrom<Dtype>("f32", "bf16", "f16"), { minLength: 1, maxLength: 3 });
  const grads = fc.option(some);
  const plain: ParamSpec = { dtypes: ["f32"], grads: null, rounding: "nearest", master: null };
  const free = fc
    .record({ dtypes: some, grads, rounding, master: fc.constant(null) })
    .map((spec) => (spec.dtypes.join() === "f32" ? { ...spec, rounding: "nearest" as const } : spec));
  const split = fc.record({
    dtypes: fc.constantFrom<Dtype[]>(["bf16"], ["bf16", "f32"], ["f32", "bf16"]),
    grads,
    rounding,
    master: fc.constantFrom<24 | 32>(24, 32),
  });
  return fc.oneof(
    fc.constant(plain),
    free,
    split.map((spec) => (spec.master === 32 ? { ...spec, rounding: "nearest" as const } : spec)),
  );
}

/** A workgroup owns 8,192 elements and 4,096 runs at most, one of a log mapping counting as 7: where they do not all fit, scales stay in 32 bits. */
export function withinTiles(codecs: readonly StateCodec[]): readonly StateCodec[] {
  const units = codecs.map((codec) => {
    if (!("normalize" in codec)) return 1;
    return typeof codec.normalize === "string" ? Number.POSITIVE_INFINITY : 2 * codec.normalize.block;
  });
  // 32 elements end on a word whatever their bits.
  const together = units.reduce(leastCommonMultiple, 32);
  const tile = together * Math.max(1, Math.ceil(1024 / together));
  const runs = units.reduce((sum, unit, k) => {
    const codec = codecs[k] as StateCodec;
    if (!("normalize" in codec)) return sum;
    return sum + ((isLog(codec.mapping) ? 7 : 1) * 2 * tile) / unit;
  }, 0);
  if (together <= 8192 && runs <= 4096) return codecs;
  return codecs.map((codec) => ("normalize" in codec ? { ...codec, scale: "f32" } : codec));
}

function leastCommonMultiple(a: number, b: number): number {
  if (!Number.isFinite(a * b)) return Number.POSITIVE_INFINITY;
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** The codec of a state on its own. */
export function codecs(): fc.Arbitrary<StateCodec> {
  return anyCodecs().map((codec) => withinTiles([codec])[0] as StateCodec);
}

function anyCodecs(): fc.Arbitrary<StateCodec> {
  return fc.oneof(
    { weight: 8, arbitrary: tableCodecs() },
    { weight: 3, arbitrary: logCodecs() },
    { weight: 1, arbitrary: fc.record({ bits: fc.constant(16 as const), rounding, minSize }) },
    { weight: 1, arbitrary: fc.constant<StateCodec>({ bits: 32 }) },
  );
}

function tableCodecs(): fc.Arbitrary<StateCodec> {
  const bits = fc.constantFrom(4, 8, 3, 2, 1, 5, 6, 7) as fc.Arbitrary<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8>;
  return fc.tuple(bits, fc.boolean()).chain(([bits, signed]) =>
    fc.record({
      bits: fc.constant(bits),
      signed: fc.constant(signed),
      mapping: mappings(bits, signed),
      normalize,
      rounding,
      scale,
      minSize,
    }),
  );
}

/** Blocks that fit into a workgroup with whole words of any bits. */
const orderedBlocks = [128, 1, 2, 3, 7, 32, 100, 127, 256, 1024, 2048];

/** Blocks of several log mappings stand side by side in a workgroup: of 8192 elements, and 128 of the shortest. */
export function fitTogether(states: readonly StateCodec[]): boolean {
  const sizes = states.flatMap((codec) =>
    "mapping" in codec && isLog(codec.mapping) && typeof codec.normalize === "object"
      ? [codec.normalize.block]
      : [],
  );
  // Beside them pairs of runs, where a scale has 16 bits.
  const pairs = states.flatMap((codec) =>
    "scale" in codec && codec.scale !== "f32" && typeof codec.normalize === "object"
      ? [2 * codec.normalize.block]
      : [],
  );
  const together = [...sizes, ...pairs].reduce(leastCommonMultiple, 32);
  return sizes.length === 0 || together <= Math.min(8192, Math.max(32, 128 * Math.min(...sizes)));
}

function isLog(mapping: Mapping | LogMapping): mapping is LogMapping {
  return typeof mapping === "object" && "log" in mapping;
}

function logCodecs(): fc.Arbitrary<StateCodec> {
  return fc.record({
    bits: fc.constantFrom(2, 4, 3, 8, 1, 5, 6, 7) as fc.Arbitrary<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8>,
    signed: fc.constant(false as const),
    mapping: fc.constantFrom(0.1, 0, 0.05, 0.3, 0.5, 0.99).map((quantile) => ({ log: { quantile } })),
    normalize: fc.nat(orderedBlocks.length - 1).map((k) => ({ block: orderedBlocks[k] as number })),
    rounding,
    minSize,
  });
}

function mappings(bits: number, signed: boolean): fc.Arbitrary<Mapping> {
  const fitting = tableMappings.filter((mapping) => fits(mapping, bits, signed));
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Mapping[]>(...fitting) },
    { weight: 1, arbitrary: tables(bits, signed) },
  );
}

/** Ascending float32 levels in [-1, 1] or [0, 1], one of them above 0: evenly spread, near zero, or side by side. */
function tables(bits: number, signed: boolean): fc.Arbitrary<Mapping> {
  const count = 2 ** bits;
  const level = fc.oneof(
    fc.float({ min: signed ? -1 : 0, max: 1, noNaN: true }),
    fc.integer({ min: signed ? -2048 : 0, max: 2048 }).map((k) => k / 2048),
    fc.integer({ min: 0, max: 512 }).map((k) => 1 - k * 2 ** -24),
  );
  return fc
    .uniqueArray(
      level.map((value) => (value === 0 ? 0 : value)),
      { minLength: count - 1, maxLength: count - 1, selector: (value) => value },
    )
    .map((values): Mapping => {
      const distinct = values.includes(1) ? [...values, nextFree(values)] : [...values, 1];
      return { table: distinct.sort((a, b) => a - b) };
    });
}

/** A level that is not there yet. */
function nextFree(values: readonly number[]): number {
  for (let k = 1; ; k++) if (!values.includes(k / 4096)) return k / 4096;
}

/** What a user would have written. */
export function textOf({ rule, hypers, codecs, nonfinite, math, param, format }: RandomSpec): string {
  const states = rule.rule.states.map((name, index) => {
    const shape = shapeOf(rule, index);
    return [name, { ...stateOf(codecs[index] as StateCodec), ...(shape !== "element" && { shape }) }];
  });
  const spec = {
    name: "random",
    hyper: hypers,
    states: Object.fromEntries(states),
    update: rule.update,
    nonfinite,
    ...(math === "fast" && { math }),
    ...paramOf(param),
  };
  return format === "json" ? JSON.stringify(spec) : stringify(spec);
}

/** In the short form where that says all. */
function paramOf({ dtypes, grads, rounding, master }: ParamSpec): object {
  const one = <T>(list: readonly T[]) => (list.length === 1 ? list[0] : list);
  const more = { ...(rounding === "nearest" ? {} : { rounding }), ...(master === null ? {} : { master }) };
  const isShort = Object.keys(more).length === 0;
  return {
    ...(isShort && dtypes.join() === "f32"
      ? {}
      : { param: isShort ? one(dtypes) : { dtype: one(dtypes), ...more } }),
    ...(grads === null ? {} : { grad: one(grads) }),
  };
}

export function stateOf(codec: StateCodec): object {
  if (codec.bits === 32) return { bits: 32 };
  const { minSize: min_size, ...rest } = codec;
  return { ...rest, min_size };
}
