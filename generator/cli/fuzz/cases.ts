import fc from "fast-check";
import { isQuantized } from "../../lower/codecs.js";
import type { HyperPlan, Plan } from "../../lower/plan.js";
import { type FillName, fillNames, specials, type TensorSpec } from "./tensors.js";

/** One optimizer with its tensors, for some steps. */
export interface Case {
  /** Of stochastic rounding. */
  readonly seed: number;
  readonly steps: number;
  /** Those that differ from the spec's. */
  readonly hypers: Readonly<Record<string, number>>;
  readonly tensors: readonly TensorCase[];
}

export interface TensorCase {
  readonly p: TensorSpec;
  /** Of every step, in turn. */
  readonly gradients: readonly Contents[];
}

type Contents = Omit<TensorSpec, "length" | "dimensions">;

export interface CaseLimits {
  readonly steps: number;
  readonly tensors: number;
}

/** Most tensors have at most so many elements. */
const SMALL = 300;

/** Cases for a plan: sizes about its blocks and limits, hypers about its defaults, hostile contents. */
export function cases(plan: Plan, limits: CaseLimits): fc.Arbitrary<Case> {
  return casesOf(sizesFor(plan), hypersFor(plan.hypers), limits);
}

/** @param sizes ascending: a counterexample shrinks to the first */
export function casesOf(
  sizes: readonly number[],
  hypers: fc.Arbitrary<Case["hypers"]>,
  limits: CaseLimits,
): fc.Arbitrary<Case> {
  const small = sizes.filter((size) => size <= SMALL).length;
  const size = fc
    .oneof(
      { withCrossShrink: true },
      { weight: 3, arbitrary: fc.nat(Math.max(small, 1) - 1) },
      { weight: 1, arbitrary: fc.nat(sizes.length - 1) },
    )
    .map((index) => sizes[index] as number);
  const tensor = fc
    .tuple(
      size,
      fc.array(fc.nat(1000), { maxLength: 3 }),
      contents(),
      fc.array(contents(), { minLength: 1, maxLength: limits.steps }),
    )
    .map(
      ([length, dimensions, p, gradients]): TensorCase => ({ p: { length, dimensions, ...p }, gradients }),
    );
  return fc.record({
    seed: fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat()),
    steps: fc.integer({ min: 1, max: limits.steps }),
    hypers,
    tensors: fc.array(tensor, {
      minLength: 1,
      maxLength: limits.tensors,
      size: "max",
    }),
  });
}

export function contents(names: readonly FillName[] = fillNames): fc.Arbitrary<Contents> {
  return fc.record({
    fill: fc.nat(names.length - 1).map((index) => names[index] as FillName),
    salt: fc.nat(),
    spikes: fc.array(fc.tuple(fc.nat(40), fc.constantFrom(...specials)), { maxLength: 3 }),
  });
}

/** The small ones, and those about every block, tile and limit of a plan. */
export function sizesFor({ states, variants }: Plan): number[] {
  const blocks = states.flatMap(({ codec }) =>
    isQuantized(codec) && typeof codec.normalize === "object" ? [codec.normalize.block] : [],
  );
  return sizesAbout([...blocks, ...variants.flatMap(({ minSize, tile }) => [minSize, tile])]);
}

/** Ascending. */
export function sizesAbout(limits: readonly number[]): number[] {
  const about = limits.flatMap((limit) => [limit - 1, limit, limit + 1, limit + 37]);
  const small = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129];
  const all = [...new Set([...small, ...about])].filter((size) => size >= 0 && size <= 12_000);
  return all.sort((a, b) => a - b);
}

function hypersFor(plans: readonly HyperPlan[]): fc.Arbitrary<Record<string, number>> {
  const entries = plans.flatMap(({ name, default: value }) => {
    if (value === null) return [];
    const changed = fc.constantFrom(0, 1, value / 10, value * 0.9, value * 10);
    return [[name, fc.option(changed, { nil: undefined, freq: 2 })] as const];
  });
  return fc
    .record(Object.fromEntries(entries))
    .map((values) =>
      Object.fromEntries(
        Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined),
      ),
    );
}
