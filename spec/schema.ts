import { z } from "zod";

/** The spec language: one strict zod schema, from which `optimizer.schema.json` is emitted for editors. */

const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
  error: "a name is letters, digits and _, and does not start with a digit",
});

const expression = z.string().min(1, { error: "an expression is not empty" });

const mapping = z
  .union(
    [
      z.enum(["dynamic", "linear", "log"]),
      z.strictObject({ linear: z.strictObject({ zero: z.boolean() }) }),
      z.strictObject({ table: z.array(z.number()) }),
      z.strictObject({ power: z.number() }),
      z.strictObject({ float: z.strictObject({ exponent: z.int() }) }),
      z.strictObject({ compand: z.enum(["softsign", "sqrt", "mu-law"]), grid: z.literal("linear") }),
      z.strictObject({ log: z.strictObject({ quantile: z.number() }) }),
    ],
    {
      error:
        "a mapping is dynamic, linear, { linear: { zero: true | false } }, { table: [...] }, { power: p }, { float: { exponent: e } }, { compand: softsign | sqrt | mu-law, grid: linear } or log",
    },
  )
  .meta({ description: "The 2^bits levels in [-1, 1] (signed) or [0, 1] that codes stand for." });

const normalize = z
  .union([z.enum(["tensor", "row", "col", "rank1"]), z.strictObject({ block: z.int().min(1) })], {
    error: "a normalization is { block: size }, tensor, row, col or rank1",
  })
  .meta({ description: "The run of elements that share one scale, their absolute maximum." });

export const stateSchema = z
  .strictObject({
    bits: z
      .union([z.int().min(1).max(8), z.literal(16), z.literal(32)], {
        error: "bits is 1 to 8 (quantized), 16 (bfloat16) or 32 (float32)",
      })
      .meta({ description: "Bits an element: 1 to 8 quantized and truly packed, 16 bfloat16, 32 float32." }),
    signed: z.boolean().optional().meta({ description: "Whether the state takes negative values." }),
    mapping: mapping.optional(),
    normalize: normalize.optional(),
    rounding: z
      .enum(["nearest", "stochastic"])
      .optional()
      .meta({ description: "How a value between two levels is rounded.", default: "nearest" }),
    scale: z
      .enum(["f32", "f16", "bf16"])
      .optional()
      .meta({ description: "How a scale is stored.", default: "f32" }),
    shape: z
      .enum(["element", "row", "col", "tensor"])
      .optional()
      .meta({ description: "One value an element, a row, a column or a tensor.", default: "element" }),
    min_size: z
      .int()
      .min(0)
      .optional()
      .meta({ description: "Tensors of fewer elements keep this state in float32.", default: 4096 }),
  })
  .meta({ description: "How one optimizer state is stored between steps." });

export const dtypes = ["f32", "bf16", "f16"] as const;

const param = z
  .union(
    [
      z.enum(dtypes),
      z.array(z.enum(dtypes)).min(1),
      z.strictObject({
        dtype: z.union([z.enum(dtypes), z.array(z.enum(dtypes)).min(1)]).optional(),
        rounding: z.enum(["nearest", "stochastic"]).optional(),
        master: z.union([z.literal(24), z.literal(32)]).optional(),
      }),
    ],
    {
      error: "param is f32, bf16, f16, a list of them, or { dtype, rounding, master }",
    },
  )
  .meta({ description: "Data types of parameters and gradients that kernels are generated for." });

export const optimizerSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: "Where an editor finds the JSON Schema." }),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
        error: "a name is lower-case words of letters and digits joined by -, for example adamw-4bit",
      })
      .meta({ description: "Names the package, its folder and (in camel case) its class." }),
    title: z.string().optional().meta({ description: "One line for people." }),
    reference: z.string().optional().meta({ description: "The paper: a URL or a citation." }),
    hyper: z
      .record(
        identifier,
        z.union([z.number(), expression], {
          error: "a hyper is a number or an expression of t and other hypers",
        }),
      )
      .optional()
      .meta({
        description: "Hyperparameters: defaults, or schedules as uniform expressions of t and other hypers.",
      }),
    states: z
      .record(identifier, stateSchema)
      .optional()
      .meta({ description: "What the optimizer keeps between steps; every state starts at zero." }),
    update: expression.meta({
      description: "The update rule: assignments, top to bottom, over p, g, t, hypers, states and locals.",
    }),
    param: param.optional(),
    nonfinite: z
      .enum(["hold", "propagate"])
      .optional()
      .meta({ description: "What an element does whose gradient or update is not finite.", default: "hold" }),
    math: z
      .enum(["exact", "fast"])
      .optional()
      .meta({ description: "exact: float32, every operation rounded once.", default: "exact" }),
  })
  .meta({ title: "lowbit-gen optimizer", description: "A low-bit optimizer, as lowbit-gen compiles it." });

export type OptimizerSpec = z.infer<typeof optimizerSchema>;
export type StateSpec = z.infer<typeof stateSchema>;
export type MappingSpec = NonNullable<StateSpec["mapping"]>;
export type NormalizeSpec = NonNullable<StateSpec["normalize"]>;
export type Dtype = (typeof dtypes)[number];
