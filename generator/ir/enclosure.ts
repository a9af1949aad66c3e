import { variable } from "./expr.js";
import { type Magnitudes, measure } from "./magnitude.js";
import { correctlyRounded, NearValues, type OperationErrors, UNIT, type ValueError } from "./near-values.js";
import { prune } from "./prune.js";
import { scaledChange } from "./scaling.js";
import type { Expr, Fragment, Let, Variable } from "./types.js";

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
  /** What that is made of besides, of uniforms alone. */
  readonly scales: readonly Let[];
  /** The parameter lies between base + factor * change for the first and the second factor. */
  readonly factors: readonly [number, number];
  /**
   * The exponent of 2 from which on that holds of a parameter, which is below 2^65, without asking for values that must be
   * present; null where it does of none.
   */
  readonly floor: number | null;
}

/** Names of what the parameter's sum is made of. */
export interface NearParts {
  readonly base: Variable;
  readonly change: Variable;
  readonly factor: Variable;
  readonly offset: Variable;
}

export interface NearUniforms {
  readonly uniforms: ReadonlySet<string>;
  /** Those whose rounded reciprocals are at hand. */
  readonly divisors: ReadonlySet<string>;
}

/**
 * Null where the parameter is no sum of one exact and one near value, or where a state would not be exact.
 *
 * @param near how far near operations are off
 * @param known what is known where values that the update must have present are asked for
 * @param unasked what is known where they are not
 */
export function enclose(
  update: Fragment,
  parts: NearParts,
  { uniforms, divisors }: NearUniforms,
  near: OperationErrors,
  known: Magnitudes,
  unasked: Magnitudes,
): Enclosure | null {
  const [parameter, ...states] = update.outputs;
  const sum = parameter === undefined ? undefined : sourceOf(variable(parameter), update.body);
  if (sum?.kind !== "op" || (sum.op !== "f32.sub" && sum.op !== "f32.add")) return null;
  const [base, change] = sum.args as [Expr, Expr];
  const rounded = new NearValues(update.body, divisors, correctlyRounded, known);
  if (![base, ...states.map(variable)].every((value) => rounded.isExact(value))) return null;
  const scaled = scaledChange(
    change,
    (expr) => expr.kind === "variable" && uniforms.has(expr.name),
    (expr) => (rounded.isExact(expr) ? undefined : sourceOf(expr, update.body)),
    parts,
  );
  const { scales, change: nearChange } = scaled ?? { scales: [], change };
  /** How far the near one is off against numbers without rounding, and how far the update's is. */
  const errorsUnder = (magnitudes: Magnitudes): ValueError => {
    const values = new NearValues(update.body, divisors, near, withScales(magnitudes, scales), scales);
    const [a, b] = [
      values.errorOf(nearChange),
      new NearValues(update.body, divisors, correctlyRounded, magnitudes).errorOf(change),
    ];
    return { relative: a.relative + b.relative, absolute: a.absolute + b.absolute };
  };
  const asked = errorsUnder(known);
  if (asked.relative === 0 || !isSmall(asked) || asked.absolute > 0) return null;
  const free = errorsUnder(unasked);
  const floor = isSmall(free) && measure(sum, unasked).hi <= GREATEST ? floorOf(free.absolute) : null;
  const greatest = floor === null ? asked.relative : Math.max(asked.relative, free.relative);
  // Products of errors, too: a thousandth for those, a unit for the factor, one for what is absolute, and a multiple of the last
  // place of what is below 1.
  const relative = Math.ceil((greatest * 1.001 + 2) / 2) * 2 * UNIT;
  const sign = sum.op === "f32.sub" ? -1 : 1;
  const body = [...update.body, { ...parts.base, value: base }, { ...parts.change, value: nearChange }];
  const outputs = [parts.base, parts.change, ...states];
  return {
    base: parts.base,
    change: parts.change,
    scales,
    update: prune({ inputs: update.inputs, body, outputs }, outputs),
    factors: [sign * (1 + relative), sign * (1 - relative)],
    floor,
  };
}

/** How great a parameter may be where it is asked whether it is small. */
const GREATEST = 64;
const isSmall = ({ relative }: ValueError): boolean => relative <= 2 ** 12;

/**
 * Where a change c is off by e besides its unit: from e 2^24 on, the unit is more than that. What is below vanishes in a sum
 * that it is less than 2^-25 of, and so do both bounds; of a sum rounded to 8 bits, e 2^54 is enough.
 */
const floorOf = (absolute: number): number => (absolute === 0 ? -149 : Math.ceil(Math.log2(absolute)) + 54);

/** What is known of what is made of uniforms, too. */
function withScales({ variables, least }: Magnitudes, scales: readonly Let[]): Magnitudes {
  const all = new Map(variables);
  for (const { name, value } of scales) all.set(name, measure(value, { variables: all, least }));
  return { variables: all, least };
}

/** What a variable is, through others that are the same. */
function sourceOf(expr: Expr, body: readonly Let[]): Expr | undefined {
  if (expr.kind !== "variable") return undefined;
  const value = body.find(({ name }) => name === expr.name)?.value;
  return value?.kind === "variable" ? sourceOf(value, body) : value;
}
