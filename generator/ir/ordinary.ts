import {
  divisorName,
  type Given,
  type Guards,
  guardsFor,
  hardOps,
  judgeOverflow,
  specialize,
} from "./guards.js";
import { type Magnitude, measure } from "./magnitude.js";
import { prune } from "./prune.js";
import type {
  ElementKernel,
  Expr,
  Fragment,
  KernelState,
  OrdinaryInput,
  OrdinaryUniform,
  OrdinaryUpdate,
  Variable,
} from "./types.js";
import { namesIn } from "./uses.js";

/**
 * The update for numbers of ordinary size, where nothing overflows and every quotient and square root has operands for
 * which a device needs no special case. Its values are those of the update.
 *
 * What numbers must be for that is asked when it runs: that inputs and uniforms are not great, and that a few values on the
 * way are zero or not tiny. Exponents are of 2.
 */

/** p, g and most states; the other is for a state that cannot be negative, which is about the square of one. */
const BOUND = 12;
const BOUND_OF_SQUARE = 24;
/** 4e-9 to 4: learning rates, 1 - beta, eps. */
const UNIFORM = { lo: -28, hi: 2 } as const;
/** What is divided by: bias corrections. */
const DIVISOR = { lo: -16, hi: 2 } as const;
/**
 * Means of squares and norms, from 3e-18: the first range of these that the update has no need to ask more for. Means that are
 * divided by each other need the second.
 */
const VECTORS = [
  { lo: -58, hi: 32 },
  { lo: -58, hi: 8 },
] as const;
/** What was found for an update, by all that it follows from: the same rule stands in many kernels of many specs. */
const found = new Map<string, OrdinaryUpdate | null>();

/**
 * @returns null where there is no quotient and no root, or where no check makes them safe; of a measuring pass, which asks only
 *   whether values are finite, where that cannot be known
 */
export function ordinaryUpdate(kernel: ElementKernel): OrdinaryUpdate | null {
  const hard = hardOps(kernel.update);
  const isMeasure = kernel.kind === "measure";
  if (hard.length === 0 && !isMeasure) return null;
  const levels = new Map(kernel.states.map((state) => [state.name, levelsOf(state, kernel)]));
  const states: StateFacts[] = kernel.states.map(({ name, statistic }) => ({
    name,
    magnitude: statistic?.magnitude ?? null,
    isNormalized: statistic !== null && (levels.get(name) ?? []).every((level) => Math.abs(level) <= 1),
    isSigned: (levels.get(name) ?? []).some((level) => level < 0),
  }));
  const facts = {
    update: kernel.update,
    parameter: kernel.parameter.encode,
    uniforms: kernel.uniforms,
    vectors: kernel.vectors.map(({ variable }) => variable),
    states,
    isMeasure,
  };
  const key = JSON.stringify(facts);
  const known = found.get(key);
  if (known !== undefined) return known;
  const squares = [null, ...states.filter(({ isSigned }) => !isSigned).map(({ name }) => name)];
  const candidates = VECTORS.flatMap((vector) => squares.map((square) => ({ square, vector })));
  const ordinary = candidates.reduce<OrdinaryUpdate | null>(
    (first, { square, vector }) => first ?? attempt(facts, hard, square, vector),
    null,
  );
  found.set(key, ordinary);
  return ordinary;
}

interface StateFacts {
  readonly name: string;
  readonly magnitude: Fragment | null;
  /** Whether what is decoded is no greater than its scale. */
  readonly isNormalized: boolean;
  readonly isSigned: boolean;
}

interface Facts {
  readonly update: Fragment;
  readonly uniforms: readonly Variable[];
  readonly vectors: readonly Variable[];
  readonly parameter: Fragment | null;
  readonly states: readonly StateFacts[];
  readonly isMeasure: boolean;
}

/**
 * @param square a state that is held to be zero or more
 * @param vector exponents of what rows, columns and matrices have
 */
function attempt(
  facts: Facts,
  hard: readonly Expr[],
  square: string | null,
  vector: (typeof VECTORS)[number],
): OrdinaryUpdate | null {
  const { update, states } = facts;
  const ofShapes = new Set(facts.vectors.map(({ name }) => name));
  const bounded = update.inputs
    .filter(({ name }) => !ofShapes.has(name))
    .map((variable) => inputOf(variable, variable.name === square, states));
  const inputs = bounded.map(
    ({ variable, exponent: hi, isNonNegative }) =>
      [variable.name, { lo: -149, hi, isNonNegative, isZero: true }] as const,
  );
  const given = (uniforms: readonly OrdinaryUniform[]): Given =>
    new Map<string, Magnitude>([
      ...uniforms.map(({ variable, lo, hi, isPositive }) => {
        return [variable.name, { lo, hi, isNonNegative: isPositive, isZero: !isPositive }] as const;
      }),
      ...inputs,
    ]);
  const vectors = facts.vectors.map((variable) => {
    return { variable, isDivisor: false, isPositive: true, ...vector };
  });
  let uniforms = [...uniformsOf(facts, hard), ...vectors];
  // A measuring pass needs no quotient but only that it is finite.
  const judge = facts.isMeasure ? judgeOverflow : undefined;
  const guards: Guards | null = facts.isMeasure ? new Map() : guardsFor(update, given(uniforms));
  if (guards === null || specialize(update, given(uniforms), guards, judge).misfit !== null) return null;
  for (const free of uniforms.filter(({ isDivisor }) => !isDivisor)) {
    const relaxed = uniforms.map((one) =>
      one.variable === free.variable ? { ...one, isPositive: false } : one,
    );
    if (specialize(update, given(relaxed), guards, judge).misfit === null) uniforms = relaxed;
  }
  const { body, variables } = specialize(update, given(uniforms), guards, judge);
  const slim = prune({ ...update, body }, update.outputs);
  if (facts.isMeasure && hardOps(slim).length > 0) return null;
  /** What is made of the results, with what is known of these. */
  const known = (fragment: Fragment): Fragment =>
    prune({ ...fragment, body: specialize(fragment, variables, new Map()).body }, fragment.outputs);
  return {
    update: { ...slim, inputs: update.inputs },
    uniforms: uniforms
      .filter(({ variable }) => !ofShapes.has(variable.name))
      .map((one) => (facts.isMeasure ? { ...one, isDivisor: false } : one)),
    vectors: uniforms.filter(({ variable }) => ofShapes.has(variable.name)),
    bounded,
    present: [...guards.values()].map((guard) => {
      const { isNonNegative } = measure(guard.value, { variables, least: new Map() });
      return { ...guard, isNonNegative };
    }),
    parameter: facts.parameter === null ? null : known(facts.parameter),
    known: variables,
    unasked: specialize(update, given(uniforms), new Map(), () => null).variables,
    magnitudes: states.flatMap(({ name, magnitude }) => {
      if (magnitude === null) return [];
      const isNormal = magnitude.inputs.every((value) => (variables.get(value.name)?.lo ?? -149) >= -126);
      const isNonNegative = magnitude.inputs.every(
        (value) => variables.get(value.name)?.isNonNegative === true,
      );
      return [{ state: name, magnitude: known(magnitude), isNormal, isNonNegative }];
    }),
  };
}

function inputOf(variable: Variable, isNonNegative: boolean, states: readonly StateFacts[]): OrdinaryInput {
  return {
    variable,
    exponent: isNonNegative ? BOUND_OF_SQUARE : BOUND,
    isNonNegative,
    isNormalized: states.some(({ name, isNormalized }) => isNormalized && name === variable.name),
  };
}

/** Those that the update reads, positive until it is known that they need not be. */
function uniformsOf({ uniforms, update }: Facts, hard: readonly Expr[]): OrdinaryUniform[] {
  const read = new Set(update.body.flatMap(({ value }) => namesIn(value)));
  const divisors = new Set(hard.flatMap((expr) => divisorName(expr) ?? []));
  return uniforms
    .filter(({ name, type }) => type === "f32" && read.has(name))
    .map((variable) => {
      const isDivisor = divisors.has(variable.name);
      return { variable, isDivisor, isPositive: true, ...(isDivisor ? DIVISOR : UNIFORM) };
    });
}

function levelsOf({ decode }: KernelState, { tables }: ElementKernel): number[] {
  const names = (decode?.body ?? []).flatMap(({ value }) => tablesIn(value));
  return tables
    .filter(({ name, type }) => type === "f32" && names.includes(name))
    .flatMap(({ values }) => values);
}

function tablesIn(expr: Expr): string[] {
  if (expr.kind === "lookup") return [expr.table];
  return expr.kind === "op" ? expr.args.flatMap(tablesIn) : [];
}
