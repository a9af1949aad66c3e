import { z } from "zod";

/** The spec language: one strict zod schema, from which `optimizer.schema.json` is emitted for editors. */

/** What follows "error:" says what is allowed; diagnostics show it beside what was found. */
const identifier = /^[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?$/;

/** Targets add a _ to names that are words of their language. */
export const nameRule = "a name is letters, digits and _; it begins with a letter and does not end with _";

/** Whether a hyper, a state or a local may have this name. */
export function isName(name: string): boolean {
  return identifier.test(name);
}

const name = z.string().regex(identifier, { error: nameRule });

/** Generated code shows it in comments. */
const line = z
  .string({ error: "one line of text" })
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: "one line of text, without control characters" });

const whole = (least: number, most: number, error: string) =>
  z.int({ error }).min(least, { error }).max(most, { error });

const POWER = "power is a number from 0.125 to 8";
const QUANTILE = "quantile is a number from 0 to below 1";

const zero = z.boolean({ error: "zero is true or false" });

const mapping = z
  .union(
    [
      z.enum(["dynamic", "linear", "log"]),
      z.strictObject({
        dynamic: z.strictObject({ zero }, { error: "dynamic takes { zero: true } or { zero: false }" }),
      }),
      z.strictObject({
        linear: z.strictObject({ zero }, { error: "linear takes { zero: true } or { zero: false }" }),
      }),
      z.strictObject({
        table: z.array(z.number({ error: "a level is a finite number" }), {
          error: "a table is a list of numbers",
        }),
      }),
      z.strictObject({
        power: z.number({ error: POWER }).min(0.125, { error: POWER }).max(8, { error: POWER }),
      }),
      z.strictObject({
        float: z.strictObject(
          {
            exponent: whole(1, 6, "exponent is a whole number of bits from 1 to 6"),
            largest: z.number({ error: "largest is the greatest value of the format" }).optional(),
          },
          { error: "float takes { exponent: e } or { exponent: e, largest: value }" },
        ),
      }),
      z.strictObject({
        compand: z.enum(["softsign", "sqrt", "mu-law", "none"], {
          error: "compand is softsign, sqrt, mu-law or none",
        }),
        grid: z.literal("linear", { error: "grid is linear" }),
      }),
      z.strictObject({
        log: z.strictObject(
          {
            quantile: z.number({ error: QUANTILE }).min(0, { error: QUANTILE }).lt(1, { error: QUANTILE }),
          },
          { error: "log takes { quantile: q }" },
        ),
      }),
    ],
    {
      error:
        "a mapping is dynamic or linear, either with { zero: true | false }, { table: [...] }, { power: p }, { float: { exponent: e } }, { compand: softsign | sqrt | mu-law | none, grid: linear }, log or { log: { quantile: q } }",
    },
  )
  .meta({ description: "The 2^bits levels in [-1, 1] (signed) or [0, 1] that codes stand for." });

/** Kernels count elements in 32 bits; a run as long as this is a tensor. */
const LONGEST_BLOCK = 2 ** 31 - 1;

const normalize = z
  .union(
    [
      z.enum(["tensor", "row", "col", "rank1"]),
      z.strictObject({
        block: whole(1, LONGEST_BLOCK, `block is a whole number from 1 to ${LONGEST_BLOCK}`),
      }),
    ],
    { error: "a normalization is { block: size }, tensor, row, col or rank1" },
  )
  .meta({ description: "The run of elements that share one scale, their absolute maximum." });

const BITS = "bits is a whole number: 1 to 8 (quantized), 16 (bfloat16) or 32 (float32)";

export const stateSchema = z
  .strictObject(
    {
      bits: z
        .union([whole(1, 8, BITS), z.literal(16), z.literal(32)], {
          error: BITS,
        })
        .meta({
          description: "Bits an element: 1 to 8 quantized and truly packed, 16 bfloat16, 32 float32.",
        }),
      signed: z
        .boolean({ error: "signed is true or false" })
        .optional()
        .meta({ description: "Whether the state takes negative values." }),
      mapping: mapping.optional(),
      normalize: normalize.optional(),
      rounding: z
        .enum(["nearest", "stochastic"], { error: "rounding is nearest or stochastic" })
        .optional()
        .meta({ description: "How a value between two levels is rounded.", default: "nearest" }),
      scale: z
        .enum(["f32", "f16", "bf16"], { error: "scale is f32, f16 or bf16" })
        .optional()
        .meta({ description: "How a scale is stored.", default: "f32" }),
      shape: z
        .enum(["element", "row", "col", "tensor"], { error: "shape is element, row, col or tensor" })
        .optional()
        .meta({ description: "One value an element, a row, a column or a tensor.", default: "element" }),
      min_size: whole(0, Number.MAX_SAFE_INTEGER, "min_size is a whole number of elements, 0 or more")
        .optional()
        .meta({ description: "Tensors of fewer elements keep this state in float32.", default: 4096 }),
    },
    { error: "a state is a mapping, for example { bits: 32 }" },
  )
  .meta({ description: "How one optimizer state is stored between steps." });

export const dtypes = ["f32", "bf16", "f16"] as const;

const dtype = z.enum(dtypes, { error: "a dtype is f32, bf16 or f16" });
const someDtypes = z.array(dtype).min(1, { error: "a list of dtypes names one or more of f32, bf16, f16" });

const param = z
  .union(
    [
      dtype,
      someDtypes,
      z.strictObject({
        dtype: z
          .union([dtype, someDtypes], { error: "dtype is f32, bf16, f16 or a list of them" })
          .optional(),
        rounding: z
          .enum(["nearest", "stochastic"], { error: "rounding is nearest or stochastic" })
          .optional(),
        master: z.union([z.literal(24), z.literal(32)], { error: "master is 24 or 32 bits" }).optional(),
      }),
    ],
    { error: "param is f32, bf16, f16, a list of them, or { dtype, rounding, master }" },
  )
  .meta({
    description:
      "Data types of parameters that kernels are generated for, and how 16-bit ones are rounded: to the nearest or at random, with a correction of 8 or 16 bits beside a bfloat16 (master: 24 or 32).",
  });

const grad = z
  .union([dtype, someDtypes], { error: "grad is f32, bf16, f16 or a list of them" })
  .meta({ description: "Data types of gradients; by default each parameter's own." });

export const optimizerSchema = z
  .strictObject({
    $schema: z
      .string({ error: "$schema is the path or URL of a JSON Schema" })
      .optional()
      .meta({ description: "Where an editor finds the JSON Schema." }),
    name: z
      .string({ error: "name is text, for example adamw-4bit" })
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
        error: "name is lower-case words of letters and digits joined by -, for example adamw-4bit",
      })
      .meta({ description: "Names the package, its folder and (in camel case) its class." }),
    title: line.optional().meta({ description: "One line for people." }),
    reference: line.optional().meta({ description: "The paper: a URL or a citation." }),
    hyper: z
      .record(
        name,
        z.union([z.number(), z.string()], {
          error: "a hyper is a finite number, or an expression of t and other hypers",
        }),
        { error: "hyper is a mapping of names to numbers, for example lr: 1e-3" },
      )
      .optional()
      .meta({
        description: "Hyperparameters: defaults, or schedules as uniform expressions of t and other hypers.",
      }),
    states: z
      .record(name, stateSchema, {
        error: "states is a mapping of names to what they are, for example m: { bits: 32 }",
      })
      .optional()
      .meta({ description: "What the optimizer keeps between steps; every state starts at zero." }),
    update: z
      .string({ error: "update is text: assignments such as p = p - lr*g, one a line, after `update: |`" })
      .meta({
        description: "The update rule: assignments, top to bottom, over p, g, t, hypers, states and locals.",
      }),
    param: param.optional(),
    grad: grad.optional(),
    nonfinite: z.enum(["hold", "propagate"], { error: "nonfinite is hold or propagate" }).optional().meta({
      description: "What an element does whose gradient or new values are not finite.",
      default: "hold",
    }),
    math: z.enum(["exact", "fast"], { error: "math is exact or fast" }).optional().meta({
      description:
        "exact: float32, every operation rounded once. fast: a target may compute each within its own bounds, where that is cheaper.",
      default: "exact",
    }),
  })
  .meta({ title: "lowbit-gen optimizer", description: "A low-bit optimizer, as lowbit-gen compiles it." });

export type OptimizerSpec = z.infer<typeof optimizerSchema>;
export type StateSpec = z.infer<typeof stateSchema>;
export type MappingSpec = NonNullable<StateSpec["mapping"]>;
export type NormalizeSpec = NonNullable<StateSpec["normalize"]>;
export type Dtype = (typeof dtypes)[number];
