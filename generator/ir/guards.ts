import { decided, truth } from "./expr.js";
import { keyOf, type Magnitude, type Magnitudes, measure } from "./magnitude.js";
import type { Expr, Fragment, Let } from "./types.js";

/** A check for values below that would hold too seldom. */
const GREATEST_LEAST = -48;

/** A value that must be zero or at least 2^exponent in magnitude. */
export interface Guard {
  readonly value: Expr;
  readonly exponent: number;
}
export type Guards = ReadonlyMap<string, Guard>;
/** What is known of inputs and uniforms, by name. */
export type Given = ReadonlyMap<string, Magnitude>;

/** The fewest and weakest checks that make every operation safe; null where there are none. */
export function guardsFor(update: Fragment, given: Given): Guards | null {
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

type HardOp = Extract<Expr, { kind: "op" }>;
/** What keeps a quotient or root from being safe: an operand that may be too small, word that no check helps, or nothing. */
type Judge = (expr: HardOp, known: Magnitudes) => Expr | "hopeless" | null;

/** The statements with what is known of their conditions, as far as they are safe. */
export function specialize(
  update: Fragment,
  given: Given,
  guards: Guards,
  judge: Judge = misfitOf,
): Specialized {
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
      const misfit = judge(expr, known);
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
  const [first] = args as [Expr];
  if (expr.op === "f32.is_finite" && measure(first, known).hi <= 126) return truth;
  return decided(expr.op, args);
}

/** Whether it may be infinite or no number: all that is asked where its value is not used. */
export const judgeOverflow: Judge = (expr, known) => {
  const [a, b] = expr.args.map((argument) => measure(argument, known)) as [Magnitude, Magnitude];
  if (expr.op === "f32.sqrt") return a.isNonNegative && a.hi <= 126 ? null : "hopeless";
  return b.isNonNegative && !b.isZero && b.lo >= -126 && a.hi - b.lo <= 126 ? null : "hopeless";
};

/**
 * An operand that may be too small, or word that the operation is out of range whatever is checked. Within these bounds the
 * remainders of a division and of a root are exact and nothing else is subnormal.
 */
function misfitOf(expr: HardOp, known: Magnitudes): Expr | "hopeless" | null {
  const [dividend, divisor] = expr.args as [Expr, Expr];
  const a = measure(dividend, known);
  if (expr.op === "f32.sqrt") {
    if (!a.isNonNegative || a.hi > 100) return "hopeless";
    return a.lo < -100 ? dividend : null;
  }
  const b = measure(divisor, known);
  if (!b.isNonNegative || b.isZero || b.lo < -60 || b.hi > 60) return "hopeless";
  if (a.hi > 100 || a.hi - b.lo > 100) return "hopeless";
  return a.lo < -100 || a.lo - b.hi < -124 ? dividend : null;
}

/** The variable that something is divided by, if it is no more than that. */
export function divisorName(expr: Expr): string | null {
  const divisor = expr.kind === "op" && expr.op === "f32.div" ? expr.args[1] : undefined;
  return divisor?.kind === "variable" ? divisor.name : null;
}

export const hardOps = ({ body }: Fragment) => body.flatMap(({ value }) => hardOpsIn(value));

/** Quotients and roots, inner ones first. */
function hardOpsIn(expr: Expr): HardOp[] {
  if (expr.kind === "lookup") return hardOpsIn(expr.index);
  if (expr.kind !== "op") return [];
  const inner = expr.args.flatMap(hardOpsIn);
  return expr.op === "f32.div" || expr.op === "f32.sqrt" ? [...inner, expr] : inner;
}
