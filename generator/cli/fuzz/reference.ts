import { streamKey } from "../../../runtime/random.js";
import { execute } from "../../ir/execute.js";
import { extentOf, geometryOf } from "../../ir/geometry.js";
import type { Kernel } from "../../ir/types.js";
import type { DtypePlan, Plan, VariantPlan } from "../../lower/plan.js";
import { evaluateUniform } from "../../rule/uniform.js";

/** float32, words, or 16 bits an element. */
export type StoredArray = Float32Array | Uint32Array | Uint16Array;

/** One tensor as an optimizer keeps it: p, and its states by the names of their arrays. */
export interface TensorImage {
  readonly name: string;
  readonly shape: readonly number[];
  readonly length: number;
  /** Names the tensor to the random generator. */
  readonly id: number;
  /** Of p and its gradient; the plan's first where it is not given. */
  readonly dtypes?: DtypePlan;
  readonly arrays: Readonly<Record<string, StoredArray>>;
}

/** What a step needs to know of a compiled spec. */
export interface Compiled {
  readonly plan: Plan;
  readonly kernels: readonly Kernel[];
}

/** Settings of a step: hypers that are numbers, the step from 1, the seed of stochastic rounding. */
export interface StepSettings {
  readonly hypers: Readonly<Record<string, number>>;
  readonly t: number;
  readonly seed: number;
}

/** How a tensor of a shape is kept. */
export function variantOf({ plan }: Compiled, shape: readonly number[]): VariantPlan {
  const { length } = geometryOf(shape);
  const variant = plan.variants.find(({ minSize, minRank }) => minSize <= length && minRank <= shape.length);
  if (variant === undefined)
    throw new Error(`${plan.name} has no variant for the shape ${shape.join(" x ")}`);
  return variant;
}

/** The dtypes of p and its gradient. */
export function dtypesOf({ plan }: Compiled, { dtypes }: Pick<TensorImage, "dtypes">): DtypePlan {
  return dtypes ?? (plan.dtypes[0] as DtypePlan);
}

export function kernelNamed({ kernels }: Compiled, name: string): Kernel {
  const kernel = kernels.find((candidate) => candidate.name === name);
  if (kernel === undefined) throw new Error(`there is no kernel ${name}`);
  return kernel;
}

/** What the kernels get from the host, by name: uniforms in float32 and the keys of the random streams. */
export function uniformsOf({ plan }: Compiled, { hypers, t, seed }: StepSettings): Record<string, number> {
  const known: Record<string, number> = { ...hypers };
  for (const { name, expr } of plan.schedules) known[name] ??= evaluateUniform(expr, known, t);
  const uniforms = plan.uniforms.map(
    ({ name, expr }) => [name, Math.fround(evaluateUniform(expr, known, t))] as const,
  );
  const keys = plan.streams.flatMap(({ state, index }) => {
    const { key0, key1 } = streamKey(seed, t, index);
    return [[`${state}_key0`, key0] as const, [`${state}_key1`, key1] as const];
  });
  return Object.fromEntries([...uniforms, ...keys]);
}

/** One step of one tensor on the evaluator: the passes of its variant, in order. Nothing it is given changes. */
export function referenceStep(
  compiled: Compiled,
  { arrays, ...tensor }: TensorImage,
  g: StoredArray,
  uniforms: Readonly<Record<string, number>>,
): TensorImage {
  const variant = variantOf(compiled, tensor.shape);
  const { suffix } = dtypesOf(compiled, tensor);
  const after = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
  if (tensor.length === 0) return { ...tensor, arrays: after };
  const scratch = scratchOf(variant, tensor.shape, after);
  for (const { kernel } of variant.passes) {
    const arraysNow = { ...after, ...scratch, g };
    execute(kernelNamed(compiled, `${kernel}${suffix}`), { ...tensor, arrays: arraysNow }, uniforms);
  }
  for (const [name, values] of Object.entries(scratch)) {
    const state = name.replace(/_next$/, "");
    const target = values instanceof Uint32Array ? after[`${state}_scale`] : after[state];
    if (name.endsWith("_next")) target?.set(new Float32Array(values.buffer));
  }
  return { ...tensor, arrays: after };
}

/** What the passes of a step leave for later ones: maxima as bits, and what folds come to. */
export function scratchOf(
  { passes, scratch }: VariantPlan,
  shape: readonly number[],
  arrays: TensorImage["arrays"],
): Record<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>> {
  const measured = passes.flatMap((pass) => ("globalStates" in pass ? pass.globalStates : []));
  const maxima = [...new Set(measured)].map(
    (state) => [`${state}_next`, new Uint32Array(arrays[`${state}_scale`]?.length ?? 0)] as const,
  );
  const geometry = geometryOf(shape);
  const folded = scratch.map(
    ({ name, extent }) => [name, new Float32Array(extentOf(extent, geometry))] as const,
  );
  return Object.fromEntries([...maxima, ...folded]);
}
