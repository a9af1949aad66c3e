import { f32, op } from "./expr.js";
import { extremumOf } from "./extremum.js";
import { type Magnitudes, measure } from "./magnitude.js";
import { prune } from "./prune.js";
import { regroup } from "./regroup.js";
import type { Expr, Fragment, Let, Variable } from "./types.js";
import { namesIn } from "./uses.js";

/**
 * Two values between which a new parameter lies, from quotients and roots that are only near. Where both have the same code, so
 * has the parameter: rounding never turns two numbers round (the test of Ziv, ACM Trans. Math. Softw. 17:3, 1991).
 */
export interface Enclosure {
  /** The update up to the parameter's last sum, whose terms it gives in place of the parameter. */
  readonly update: Fragment;
  /** As the update has it, bit for bit. */
  readonly base: Variable;
  /** Near what the update has. */
  readonly change: Variable;
  /** Computed once for all elements. */
  readonly uniforms: readonly Let[];
  /** The parameter lies between base + factor * change for the first and the second factor: constants, or of uniforms. */
  readonly factors: readonly [Expr, Expr];
}

/** How far near operations are from exact ones at most, in units of 2^-24 of the value, with all that they round. */
export interface NearErrors {
  readonly quotient: number;
  /** Of a divisor whose rounded reciprocal is at hand. */
  readonly quotientByUniform: number;
  readonly root: number;
}

/** What a rounded operation is off by at most. */
const ROUNDING = 1;
const UNIT = 2 ** -24;

/** Null where the parameter is no sum of one exact and one near value, or where a state would not be exact. */
export function enclose(
  update: Fragment,
  parts: { readonly base: Variable; readonly change: Variable },
  { divisors, uniforms }: { readonly divisors: ReadonlySet<string>; readonly uniforms: ReadonlySet<string> },
  near: NearErrors,
  known: Magnitudes,
): Enclosure | null {
  const errors = new Map<string, number>();
  const errorOf = (expr: Expr): number => relativeError(expr, errors, divisors, near, known);
  for (const { name, value } of update.body) errors.set(name, errorOf(value));
  const [parameter, ...states] = update.outputs;
  if (
    parameter === undefined ||
    states.some(({ name }) => errorOf({ kind: "variable", type: "f32", name }) > 0)
  )
    return null;

  const sum = sourceOf(parameter.name, update.body);
  if (sum?.kind !== "op" || (sum.op !== "f32.sub" && sum.op !== "f32.add")) return null;
  const [base, change] = sum.args as [Expr, Expr];
  const error = errorOf(change);
  if (errorOf(base) > 0 || error === 0 || error > 2 ** 12) return null;
  const sign = sum.op === "f32.sub" ? -1 : 1;
  const outputs = [parts.base, parts.change, ...states];
  const enclosure = (value: Expr, lets: readonly Let[], factors: readonly [Expr, Expr]): Enclosure => {
    const body = [...update.body, { ...parts.base, value: base }, { ...parts.change, value }];
    return {
      ...parts,
      update: prune({ inputs: update.inputs, body, outputs }, outputs),
      uniforms: lets,
      factors,
    };
  };
  const around = (error: number): [Expr, Expr] => {
    const relative = relativeOf(error);
    return [f32(sign * (1 + relative)), f32(sign * (1 - relative))];
  };

  const nameOf = (place: number): string => `${parts.change.name}_part${place > 0 ? `_${place + 1}` : ""}`;
  const whole = inlined(change, update.body, errors);
  const regrouped = whole === null ? null : regroup(whole, uniforms, nameOf, near, known);
  if (regrouped === null) return enclosure(change, [], around(error));
  const { factor, rest } = regrouped;
  const factors = [`${parts.change.name}_most`, `${parts.change.name}_least`] as const;
  const lets = around(regrouped.error + ROUNDING).map((value, place): Let => {
    return { name: factors[place] as string, type: "f32", value: op("f32.mul", value, factor) };
  });
  const [most, least] = factors.map((name): Expr => ({ kind: "variable", type: "f32", name })) as [
    Expr,
    Expr,
  ];
  return enclosure(rest, [...regrouped.uniforms, ...lets], [most, least]);
}

/** Products of errors, too: a thousandth for those, and a multiple of the last place of what is below 1. */
const relativeOf = (error: number): number => Math.ceil((error * 1.001 + ROUNDING) / 2) * 2 * UNIT;

/** An expression with near variables as what they are; null where one of them is read more than once. */
function inlined(expr: Expr, body: readonly Let[], errors: ReadonlyMap<string, number>): Expr | null {
  const reads = body.flatMap(({ value }) => namesIn(value));
  const visit = (part: Expr): Expr | null => {
    if (part.kind === "op") {
      const args = part.args.map(visit);
      return args.every((argument) => argument !== null) ? op(part.op, ...args) : null;
    }
    if (part.kind !== "variable" || !((errors.get(part.name) ?? 0) > 0)) return part;
    if (reads.filter((name) => name === part.name).length > 1) return null;
    const value = sourceOf(part.name, body);
    return value === undefined ? null : visit(value);
  };
  return visit(expr);
}

/** What a variable is, through others that are the same. */
function sourceOf(name: string, body: readonly Let[]): Expr | undefined {
  const value = body.find((line) => line.name === name)?.value;
  return value?.kind === "variable" ? sourceOf(value.name, body) : value;
}

/** Of a value that is made of near ones, against the same made of exact ones; infinite where there is no bound. */
function relativeError(
  expr: Expr,
  errors: ReadonlyMap<string, number>,
  divisors: ReadonlySet<string>,
  near: NearErrors,
  known: Magnitudes,
): number {
  if (expr.kind === "variable") return errors.get(expr.name) ?? 0;
  if (expr.kind === "constant") return 0;
  const errorOf = (part: Expr): number => relativeError(part, errors, divisors, near, known);
  if (expr.kind === "lookup") return errorOf(expr.index) > 0 ? Number.POSITIVE_INFINITY : 0;
  const [a = 0, b = 0, c = 0] = expr.args.map(errorOf);
  const isNonNegative = (part: Expr): boolean => measure(part, known).isNonNegative;
  switch (expr.op) {
    case "f32.div": {
      const divisor = expr.args[1];
      const isUniform = divisor?.kind === "variable" && divisors.has(divisor.name);
      return a + b + ROUNDING + (isUniform ? near.quotientByUniform : near.quotient);
    }
    case "f32.sqrt":
      return a / 2 + ROUNDING + near.root;
    case "f32.neg":
    case "f32.abs":
      return a;
    case "f32.mul":
      return a + b > 0 ? a + b + 2 * ROUNDING : 0;
    case "f32.add":
      if (a + b === 0) return 0;
      return expr.args.every(isNonNegative) ? Math.max(a, b) + 2 * ROUNDING : Number.POSITIVE_INFINITY;
    case "f32.select":
      return a === 0 || extremumOf(expr.args) !== null ? Math.max(b, c) : Number.POSITIVE_INFINITY;
    default:
      return a + b + c > 0 ? Number.POSITIVE_INFINITY : 0;
  }
}
