import { op } from "./expr.js";
import { keyOf, type Magnitude, type Magnitudes, measure } from "./magnitude.js";
import { prune } from "./prune.js";
import type {
  ElementKernel,
  Expr,
  Fragment,
  KernelState,
  Let,
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
/** A check for values below that would hold too seldom. */
const GREATEST_LEAST = -48;

/** @returns null where there is no quotient and no root, or where no check makes them safe */
export function ordinaryUpdate(kernel: ElementKernel): OrdinaryUpdate | null {
  const hard = kernel.kind === "step" ? hardOps(kernel.update) : [];
  if (hard.length === 0) return null;
  const squares = kernel.states.filter((state) => levelsOf(state, kernel).every((level) => level >= 0));
  const candidates = [null, ...squares.map(({ name }) => name)];
  for (const square of candidates) {
    const found = attempt(kernel, hard, square);
    if (found !== null) return found;
  }
  return null;
}

/** @param square a state that is held to be zero or more */
function attempt(kernel: ElementKernel, hard: readonly Expr[], square: string | null): OrdinaryUpdate | null {
  const { update } = kernel;
  const bounded = update.inputs.map((variable) => inputOf(variable, variable.name === square, kernel));
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
  let uniforms = uniformsOf(kernel, hard);
  const guards = guardsFor(update, given(uniforms));
  if (guards === null) return null;
  for (const free of uniforms.filter(({ isDivisor }) => !isDivisor)) {
    const relaxed = uniforms.map((one) =>
      one.variable === free.variable ? { ...one, isPositive: false } : one,
    );
    if (specialize(update, given(relaxed), guards).misfit === null) uniforms = relaxed;
  }
  const { body, variables } = specialize(update, given(uniforms), guards);
  return {
    update: { ...prune({ ...update, body }, update.outputs), inputs: update.inputs },
    uniforms,
    bounded,
    present: [...guards.values()],
    magnitudes: kernel.states.flatMap(({ name, statistic }) => {
      if (statistic === null) return [];
      const { magnitude } = statistic;
      const known = specialize(magnitude, variables, new Map());
      return [{ state: name, magnitude: prune({ ...magnitude, body: known.body }, magnitude.outputs) }];
    }),
  };
}

function inputOf(variable: Variable, isNonNegative: boolean, kernel: ElementKernel): OrdinaryInput {
  const state = kernel.states.find(({ name }) => name === variable.name);
  return {
    variable,
    exponent: isNonNegative ? BOUND_OF_SQUARE : BOUND,
    isNonNegative,
    isNormalized: state !== undefined && isNormalized(state, kernel),
  };
}

/** Those that the update reads, positive until it is known that they need not be. */
function uniformsOf({ uniforms, update }: ElementKernel, hard: readonly Expr[]): OrdinaryUniform[] {
  const read = new Set(update.body.flatMap(({ value }) => namesIn(value)));
  const divisors = new Set(hard.flatMap((expr) => divisorName(expr) ?? []));
  return uniforms
    .filter(({ name, type }) => type === "f32" && read.has(name))
    .map((variable) => {
      const isDivisor = divisors.has(variable.name);
      return { variable, isDivisor, isPositive: true, ...(isDivisor ? DIVISOR : UNIFORM) };
    });
}

interface Guard {
  readonly value: Expr;
  readonly exponent: number;
}
type Guards = ReadonlyMap<string, Guard>;
type Given = ReadonlyMap<string, Magnitude>;

/** The fewest and weakest checks that make every operation safe; null where there are none. */
function guardsFor(update: Fragment, given: Given): Guards | null {
  let guards: Guards = new Map();
  for (let round = 0; round < 64; round++) {
    const { misfit } = specialize(update, given, guards);
    if (misfit === null) return guards;
    if (misfit === "hopeless") return null;
    const better = raised(update, given, guards) ?? added(guards, misfit);
    if (better === null) return null;
    guards = better;
  }
  return null;
}

/** The guards with one of them raised, as little as it takes for more operations to be safe. */
function raised(update: Fragment, given: Given, guards: Guards): Guards | null {
  const now = specialize(update, given, guards).safe;
  for (const [key, guard] of [...guards].reverse()) {
    const trial = (exponent: number): Guards => new Map(guards).set(key, { ...guard, exponent });
    const helps = (exponent: number): boolean => specialize(update, given, trial(exponent)).safe > now;
    if (guard.exponent >= GREATEST_LEAST || !helps(GREATEST_LEAST)) continue;
    let [below, enough] = [guard.exponent, GREATEST_LEAST];
    while (enough - below > 1) {
      const middle = Math.floor((below + enough) / 2);
      if (helps(middle)) enough = middle;
      else below = middle;
    }
    return trial(enough);
  }
  return null;
}

function added(guards: Guards, value: Expr): Guards | null {
  const key = keyOf(value);
  return guards.has(key) ? null : new Map(guards).set(key, { value, exponent: -100 });
}

interface Specialized {
  readonly body: readonly Let[];
  readonly variables: Given;
  /** How many quotients and roots are safe before one is not. */
  readonly safe: number;
  /** The operand of that one which may be too small, or word that no check helps. */
  readonly misfit: Expr | "hopeless" | null;
}

/** The statements with what is known of their conditions, as far as they are safe. */
function specialize(update: Fragment, given: Given, guards: Guards): Specialized {
  const expressions = [...guards].filter(([, { value }]) => value.kind !== "variable");
  const least = new Map(expressions.map(([key, { exponent }]) => [key, exponent]));
  const variables = new Map<string, Magnitude>();
  const known = { variables, least };
  const learn = (name: string, found: Magnitude): void => {
    const guard = guards.get(name);
    variables.set(name, guard === undefined ? found : { ...found, lo: Math.max(found.lo, guard.exponent) });
  };
  for (const [name, found] of given) learn(name, found);
  const constants = new Map<string, Expr>();
  const body: Let[] = [];
  let safe = 0;
  for (const { name, type, value } of update.body) {
    const simple = simplify(value, known, constants);
    for (const expr of hardOpsIn(simple)) {
      const misfit = misfitOf(expr, known);
      if (misfit !== null) return { body, variables, safe, misfit };
      safe++;
    }
    if (simple.kind === "constant") constants.set(name, simple);
    else body.push({ name, type, value: simple });
    learn(name, measure(simple, known));
  }
  return { body, variables, safe, misfit: null };
}

/** Finite where it cannot but be. */
function simplify(expr: Expr, known: Magnitudes, constants: ReadonlyMap<string, Expr>): Expr {
  if (expr.kind === "variable") return constants.get(expr.name) ?? expr;
  if (expr.kind !== "op") return expr;
  const args = expr.args.map((argument) => simplify(argument, known, constants));
  const [first, second, third] = args as [Expr, Expr, Expr];
  if (expr.op === "f32.is_finite" && measure(first, known).hi <= 126) return truth;
  if (expr.op === "bool.and" && isTrue(first)) return second;
  if (expr.op === "bool.and" && isTrue(second)) return first;
  if (expr.op === "f32.select" && first.kind === "constant") return isTrue(first) ? second : third;
  return op(expr.op, ...args);
}

const truth: Expr = { kind: "constant", type: "bool", value: 1 };
const isTrue = (expr: Expr): boolean => expr.kind === "constant" && expr.value === 1;

/**
 * An operand that may be too small, or word that the operation is out of range whatever is checked. Within these bounds the
 * remainders of a division and of a root are exact and nothing is subnormal. A quotient by a uniform is found from its
 * reciprocal in two parts, whose smaller one needs room below.
 */
function misfitOf(expr: Extract<Expr, { kind: "op" }>, known: Magnitudes): Expr | "hopeless" | null {
  const [dividend, divisor] = expr.args as [Expr, Expr];
  const a = measure(dividend, known);
  if (expr.op === "f32.sqrt") {
    if (!a.isNonNegative || a.hi > 100) return "hopeless";
    return a.lo < -100 ? dividend : null;
  }
  const b = measure(divisor, known);
  if (!b.isNonNegative || b.isZero || b.lo < -60 || b.hi > 60) return "hopeless";
  if (a.hi > 100 || a.hi - b.lo > 100) return "hopeless";
  const least = divisor.kind === "variable" ? -100 : -124;
  return a.lo < -100 || a.lo - b.hi < least ? dividend : null;
}

function divisorName(expr: Expr): string | null {
  const divisor = expr.kind === "op" && expr.op === "f32.div" ? expr.args[1] : undefined;
  return divisor?.kind === "variable" ? divisor.name : null;
}

const hardOps = ({ body }: Fragment) => body.flatMap(({ value }) => hardOpsIn(value));

/** Quotients and roots, inner ones first. */
function hardOpsIn(expr: Expr): Extract<Expr, { kind: "op" }>[] {
  if (expr.kind === "lookup") return hardOpsIn(expr.index);
  if (expr.kind !== "op") return [];
  const inner = expr.args.flatMap(hardOpsIn);
  return expr.op === "f32.div" || expr.op === "f32.sqrt" ? [...inner, expr] : inner;
}

/** Whether what is decoded is no greater than its scale. */
function isNormalized(state: KernelState, kernel: ElementKernel): boolean {
  return state.statistic !== null && levelsOf(state, kernel).every((level) => Math.abs(level) <= 1);
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
