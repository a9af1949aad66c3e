/** The optimizer's settings and what they make of a step. */
import { className } from "./arrays.js";
import type { OptimizerDescriptor } from "./descriptor.js";
import { LowbitError } from "./errors.js";
import { didYouMean, quote } from "./names.js";
import { streamKey } from "./random.js";

/** Hypers by name; where names are known at run time only, they are checked there. */
export type OwnHypers<Hyper extends string> = string extends Hyper
  ? Readonly<Record<string, unknown>>
  : Readonly<Partial<Record<Hyper, number>>>;

/** By name; null is a schedule that follows its formula. */
export type HyperValues = Readonly<Record<string, number | null>>;

/** @throws {LowbitError} `unknown-hyper`, `wrong-hyper` */
export function changeHypers(
  { name: optimizer, hypers }: OptimizerDescriptor,
  current: HyperValues,
  changes: object,
): HyperValues {
  if (className(changes) !== "Object")
    throw new LowbitError(
      "wrong-hyper",
      `hyperparameters are given by name, as in { lr: 1e-3 }, not as ${className(changes)}`,
    );
  const known = hypers.map(({ name }) => name);
  for (const [name, value] of Object.entries(changes)) {
    if (!known.includes(name))
      throw new LowbitError(
        "unknown-hyper",
        `${optimizer} has no hyperparameter ${quote(name)}${didYouMean(name, known)}: it has ${known.join(", ") || "none"}`,
      );
    if (typeof value !== "number" || !Number.isFinite(value))
      throw new LowbitError(
        "wrong-hyper",
        `hyperparameter ${quote(name)} must be a finite number, not ${typeof value === "number" ? value : className(value)}`,
      );
  }
  return { ...current, ...(changes as Record<string, number>) };
}

export function defaultHypers({ hypers }: OptimizerDescriptor): HyperValues {
  return Object.fromEntries(hypers.map(({ name, default: value }) => [name, value]));
}

/** @throws {LowbitError} `wrong-seed` */
export function checkSeed(seed: unknown): number {
  if (typeof seed !== "number" || !Number.isSafeInteger(seed) || seed < 0)
    throw new LowbitError(
      "wrong-seed",
      `the seed must be a whole number from 0 to 2^53 - 1, not ${String(seed)}`,
    );
  return seed;
}

/**
 * Everything in the kernels' uniform struct, rounded to float32 once, with the keys of the random streams.
 *
 * @throws {LowbitError} `non-finite-uniform` where the settings lead to an infinity or NaN at this step
 */
export function stepUniforms(
  { uniforms, streams, computeUniforms }: OptimizerDescriptor,
  hypers: HyperValues,
  t: number,
  seed: number,
): Record<string, number> {
  const computed = computeUniforms(hypers, t);
  const values: Record<string, number> = {};
  for (const name of uniforms) {
    const value = computed[name];
    if (value === undefined) throw new LowbitError("descriptor", `computeUniforms gives no ${quote(name)}`);
    const rounded = Math.fround(value);
    if (!Number.isFinite(rounded)) {
      const settings = Object.entries(hypers).map(
        ([hyper, setting]) => `${hyper} = ${setting ?? "its schedule"}`,
      );
      throw new LowbitError(
        "non-finite-uniform",
        `${name} would be ${rounded} at step ${t}, with ${settings.join(", ")}: change these values`,
      );
    }
    values[name] = rounded;
  }
  for (const { state, index } of streams) {
    const { key0, key1 } = streamKey(seed, t, index);
    values[`${state}_key0`] = key0;
    values[`${state}_key1`] = key1;
  }
  return values;
}
