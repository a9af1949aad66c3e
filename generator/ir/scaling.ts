import { f32, op, variable } from "./expr.js";
import type { Expr, Let, Variable } from "./types.js";

/** A change by fewer operations on each element, near what the update has, and what these need of uniforms alone. */
export interface ScaledChange {
  readonly change: Expr;
  readonly scales: readonly Let[];
}

/** A value times and divided by uniforms. */
interface Chain {
  readonly core: Expr;
  readonly times: readonly Expr[];
  readonly over: readonly Expr[];
}

/**
 * What all uniforms of a change come to, in one factor: with x and y of an element and uniforms a, b, c, e,
 *
 *     a (x / b) / (sqrt(y / c) + e) = x (a / b sqrt(c)) / (sqrt(y) + e sqrt(c))
 *
 * Null where that saves nothing.
 *
 * @param isUniform whether a variable is one
 * @param sourceOf what a near variable is; undefined for other values
 * @param names of the factor, and of e sqrt(c)
 */
export function scaledChange(
  change: Expr,
  isUniform: (expr: Expr) => boolean,
  sourceOf: (expr: Expr) => Expr | undefined,
  names: { readonly factor: Variable; readonly offset: Variable },
): ScaledChange | null {
  const chainOf = (expr: Expr): Chain => {
    const value = sourceOf(expr) ?? expr;
    const itself: Chain = { core: expr, times: [], over: [] };
    const [a, b] = value.kind === "op" ? value.args : [];
    if (value.kind !== "op" || a === undefined || b === undefined) return itself;
    if (value.op === "f32.mul" && isUniform(a)) return timesOf(chainOf(b), a);
    if (value.op === "f32.mul" && isUniform(b)) return timesOf(chainOf(a), b);
    if (value.op !== "f32.div" || !isUniform(b)) return itself;
    const { core, times, over } = chainOf(a);
    return { core, times, over: [...over, b] };
  };
  const whole = chainOf(change);
  const quotient = sourceOf(whole.core) ?? whole.core;
  if (quotient.kind !== "op" || quotient.op !== "f32.div") return null;
  const [dividend, divisor] = quotient.args as [Expr, Expr];
  const upper = chainOf(dividend);
  const lower = rootAndOffset(sourceOf(divisor) ?? divisor, isUniform);
  const inner = lower === null ? null : chainOf(lower.operand);
  const times = [...whole.times, ...upper.times];
  const over = [...whole.over, ...upper.over];
  const isRootScaled = inner !== null && inner.times.length + inner.over.length > 0;
  if (times.length + over.length + (isRootScaled ? 1 : 0) < 2) return null;

  const scales: Let[] = [];
  let factor = ratio(times, over);
  let newDivisor: Expr = divisor;
  if (isRootScaled && lower !== null) {
    const root = op("f32.sqrt", ratio(inner.over, inner.times));
    factor = op("f32.mul", factor, root);
    scales.push({ ...names.offset, value: op("f32.mul", lower.offset, root) });
    newDivisor = op("f32.add", op("f32.sqrt", inner.core), variable(names.offset));
  }
  scales.push({ ...names.factor, value: factor });
  return { change: op("f32.div", op("f32.mul", upper.core, variable(names.factor)), newDivisor), scales };
}

const timesOf = ({ core, times, over }: Chain, factor: Expr): Chain => ({
  core,
  times: [...times, factor],
  over,
});

/** sqrt(operand) + offset, in either order. */
function rootAndOffset(expr: Expr, isUniform: (expr: Expr) => boolean) {
  if (expr.kind !== "op" || expr.op !== "f32.add") return null;
  const root = expr.args.find((part) => part.kind === "op" && part.op === "f32.sqrt");
  const offset = expr.args.find(isUniform);
  return root?.kind === "op" && offset !== undefined ? { operand: root.args[0] as Expr, offset } : null;
}

function ratio(times: readonly Expr[], over: readonly Expr[]): Expr {
  const product = (factors: readonly Expr[]): Expr =>
    factors.length === 0 ? f32(1) : factors.reduce((a, b) => op("f32.mul", a, b));
  return over.length === 0 ? product(times) : op("f32.div", product(times), product(over));
}

/** How many operations a value takes. */
export function countOf(expr: Expr): number {
  return expr.kind === "op" ? 1 + expr.args.reduce((sum, part) => sum + countOf(part), 0) : 0;
}
