import { decided, truth } from "./expr.js";
import type { Expr, Fragment, Let, Variable } from "./types.js";
import { namesIn } from "./uses.js";

/** Statements in two parts, of which the second is hardly ever needed: what is different where some value is not finite. */
export interface FiniteFirst {
  readonly body: readonly Let[];
  /** Outputs of the second part, and what they are where all values are finite. */
  readonly results: readonly Let[];
  /** Values of the first part: where these are finite, so are all that the second one asks. */
  readonly asked: readonly Variable[];
  readonly rest: readonly Let[];
}

/** Undefined where nothing asks whether something is finite, or of more than can be asked beforehand. */
export function finiteFirst({ body, outputs }: Fragment): FiniteFirst | undefined {
  const late = new Map<string, Expr>();
  const asked = new Map<string, Variable>();
  let isHopeless = false;
  /** What an expression is where all that is asked is finite. */
  const known = (expr: Expr): Expr => {
    if (expr.kind === "variable") return late.get(expr.name) ?? expr;
    if (expr.kind !== "op") return expr;
    const args = expr.args.map(known);
    const [first] = args as [Expr];
    if (expr.op === "f32.is_finite") {
      if (first.kind === "variable") asked.set(first.name, first);
      else isHopeless = true;
      return truth;
    }
    return decided(expr.op, args);
  };
  const isLate = ({ value }: Let): boolean =>
    asksFinite(value) || namesIn(value).some((name) => late.has(name));
  const [early, rest]: [Let[], Let[]] = [[], []];
  for (const step of body) {
    if (!isLate(step)) early.push(step);
    else {
      rest.push(step);
      late.set(step.name, known(step.value));
    }
  }
  const names = new Set(outputs.map(({ name }) => name));
  const results = rest.flatMap(({ name, type }) => {
    const value = late.get(name);
    return names.has(name) && value !== undefined ? [{ name, type, value }] : [];
  });
  if (isHopeless || results.length === 0 || results.some(({ type }) => type !== "f32")) return undefined;
  return { body: early, results, asked: fewest([...asked.values()], early), rest };
}

/** Those of which none is finite for sure where another one is. */
function fewest(asked: readonly Variable[], body: readonly Let[]): Variable[] {
  const values = new Map(body.map(({ name, value }) => [name, value]));
  return asked.filter(
    ({ name }) =>
      !asked.some((other) => other.name !== name && carries(values.get(other.name), name, values)),
  );
}

/** Sums, products, numerators and radicands that are infinite or no number make results that are one or the other. */
function carries(expr: Expr | undefined, name: string, values: ReadonlyMap<string, Expr>): boolean {
  if (expr?.kind === "variable") return expr.name === name || carries(values.get(expr.name), name, values);
  if (expr?.kind !== "op") return false;
  const places = CARRYING[expr.op] ?? 0;
  return expr.args.slice(0, places).some((argument) => carries(argument, name, values));
}

/** How many of an operation's first operands do that. */
const CARRYING: Readonly<Record<string, number>> = {
  "f32.add": 2,
  "f32.sub": 2,
  "f32.mul": 2,
  "f32.div": 1,
  "f32.neg": 1,
  "f32.abs": 1,
  "f32.sqrt": 1,
};

function asksFinite(expr: Expr): boolean {
  if (expr.kind === "lookup") return asksFinite(expr.index);
  return expr.kind === "op" && (expr.op === "f32.is_finite" || expr.args.some(asksFinite));
}
