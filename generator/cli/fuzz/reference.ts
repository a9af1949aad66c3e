import { streamKey } from "../../../runtime/random.js";
import { execute } from "../../ir/execute.js";
import type { Kernel } from "../../ir/types.js";
import type { Plan, VariantPlan } from "../../lower/plan.js";
import { evaluateUniform } from "../../rule/uniform.js";

/** One tensor as an optimizer keeps it: p, and its states by the names of their arrays. */
export interface TensorImage {
  readonly name: string;
  readonly length: number;
  /** Names the tensor to the random generator. */
  readonly id: number;
  readonly arrays: Readonly<Record<string, Float32Array | Uint32Array>>;
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

/** How a tensor of so many elements is kept. */
export function variantOf({ plan }: Compiled, length: number): VariantPlan {
  const variant = plan.variants.find(({ minSize }) => minSize <= length);
  if (variant === undefined) throw new Error(`${plan.name} has no variant for ${length} elements`);
  return variant;
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
  g: Float32Array,
  uniforms: Readonly<Record<string, number>>,
): TensorImage {
  const variant = variantOf(compiled, tensor.length);
  const after = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
  if (tensor.length === 0) return { ...tensor, arrays: after };
  const globals = new Set(variant.passes.flatMap(({ globalStates }) => globalStates));
  const next = Object.fromEntries(
    [...globals].map((state) => [`${state}_next`, new Uint32Array(scaleOf(after, state).length)]),
  );
  for (const { kernel } of variant.passes) {
    execute(kernelNamed(compiled, kernel), { ...tensor, arrays: { ...after, ...next, g } }, uniforms);
  }
  for (const state of globals)
    scaleOf(after, state).set(new Float32Array((next[`${state}_next`] as Uint32Array).buffer));
  return { ...tensor, arrays: after };
}

function scaleOf(arrays: TensorImage["arrays"], state: string): Float32Array {
  return arrays[`${state}_scale`] as Float32Array;
}
