import { f32, op, variable } from "./expr.js";
import { type Magnitudes, measure } from "./magnitude.js";
import {
  correctlyRounded,
  NearValues,
  type OperationErrors,
  roundingsIn,
  UNIT,
  type ValueError,
} from "./near-values.js";
import { prune } from "./prune.js";
import { partsOf, type Regrouped, regroup } from "./regroup.js";
import type { Expr, Fragment, Let, Variable } from "./types.js";
import { firstNameOf, namesIn } from "./uses.js";

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
  /**
   * The exponent of 2 from which on that holds of a parameter, which is below 2^65, without asking for values that must be
   * present; null where it does of none.
   */
  readonly floor: number | null;
}

type Named = Extract<Expr, { kind: "variable" }>;

/** Names of variables of an update. */
export interface NearNames {
  readonly uniforms: ReadonlySet<string>;
  /** Uniforms whose rounded reciprocals are at hand. */
  readonly divisors: ReadonlySet<string>;
  /** What is asked for besides, so that it must be there. */
  readonly asked: ReadonlySet<string>;
}

/**
 * Null where the parameter is no sum of one exact and one near value, or where a state would not be exact.
 *
 * @param errors how far near operations are off
 * @param known what is known where values that the update must have present are asked for
 * @param unasked what is known where they are not
 */
export function enclose(
  update: Fragment,
  parts: { readonly base: Variable; readonly change: Variable },
  { uniforms, divisors, asked }: NearNames,
  errors: OperationErrors,
  known: Magnitudes,
  unasked: Magnitudes,
): Enclosure | null {
  const [parameter, ...states] = update.outputs;
  const sum = parameter === undefined ? undefined : sourceOf(variable(parameter), update.body);
  if (sum?.kind !== "op" || (sum.op !== "f32.sub" && sum.op !== "f32.add")) return null;
  const [base, change] = sum.args as [Expr, Expr];
  const rounded = new NearValues(update.body, divisors, correctlyRounded, known);
  if (![base, ...states.map(variable)].every((value) => rounded.isExact(value))) return null;
  const near: Near = { update, divisors, errors };
  const whole = inlined(change, update.body, (expr) => asked.has(expr.name) || rounded.isExact(expr));
  const nameOf = (place: number): string => `${parts.change.name}_part${place > 0 ? `_${place + 1}` : ""}`;
  const regrouped = whole === null ? null : regroup(whole, uniforms, nameOf, known);
  const plain = { uniforms: [], factor: f32(1), rest: change };
  for (const candidate of regrouped === null ? [plain] : [regrouped, plain]) {
    const bound = boundOf(candidate, change, near, known);
    if (bound === null || bound.absolute > 0) continue;
    const free = measure(sum, unasked).hi <= GREATEST ? boundOf(candidate, change, near, unasked) : null;
    const relative = relativeOf(Math.max(bound.relative, free?.relative ?? 0));
    const sign = sum.op === "f32.sub" ? -1 : 1;
    const factorOf = (part: number, name: string): Let => {
      return {
        name: `${parts.change.name}_${name}`,
        type: "f32",
        value: op("f32.mul", f32(sign * part), candidate.factor),
      };
    };
    const ends = [factorOf(1 + relative, "most"), factorOf(1 - relative, "least")] as const;
    const isPlain = candidate === plain;
    const body = [...update.body, { ...parts.base, value: base }, { ...parts.change, value: candidate.rest }];
    const outputs = [parts.base, parts.change, ...states];
    return {
      ...parts,
      update: prune({ inputs: update.inputs, body, outputs }, outputs),
      uniforms: isPlain ? [] : [...candidate.uniforms, ...ends],
      factors: isPlain ? [ends[0].value, ends[1].value] : [variable(ends[0]), variable(ends[1])],
      floor: free === null ? null : floorOf(free.absolute),
    };
  }
  return null;
}

/** What errors of near values follow from. */
interface Near {
  readonly update: Fragment;
  readonly divisors: ReadonlySet<string>;
  readonly errors: OperationErrors;
}

/** How far a near change is from the update's own: both from what they would be without rounding. Null where there is no bound. */
function boundOf(
  { uniforms, factor, rest }: Regrouped,
  change: Expr,
  { update, divisors, errors }: Near,
  known: Magnitudes,
): ValueError | null {
  const variables = new Map(known.variables);
  const all = { variables, least: known.least };
  for (const { name, value } of uniforms) variables.set(name, measure(value, all));
  const near = new NearValues(update.body, divisors, errors, all, uniforms).errorOf(rest);
  const own = new NearValues(update.body, divisors, correctlyRounded, known).errorOf(change);
  const relative = near.relative + own.relative + roundingsIn(factor).relative;
  const staysFinite = partsOf(rest).every((part) => measure(part, all).hi <= 126);
  if (!staysFinite || near.relative === 0 || relative > 2 ** 12) return null;
  return { relative, absolute: near.absolute * 2 ** measure(factor, all).hi + own.absolute };
}

/**
 * Products of errors, too: a thousandth for those; a unit each for the factor, its product and what is absolute; and a multiple
 * of the last place of what is below 1.
 */
const relativeOf = (error: number): number => Math.ceil((error * 1.001 + 3) / 2) * 2 * UNIT;

/** An expression with near variables as what they are; null where one of them is read more than once. */
function inlined(expr: Expr, body: readonly Let[], isKept: (expr: Named) => boolean): Expr | null {
  const reads = body.flatMap(({ value }) => namesIn(value));
  const visit = (part: Expr): Expr | null => {
    if (part.kind === "op") {
      const args = part.args.map(visit);
      return args.every((argument) => argument !== null) ? op(part.op, ...args) : null;
    }
    if (part.kind !== "variable" || isKept(part)) return part;
    if (reads.filter((name) => name === part.name).length > 1) return null;
    const value = sourceOf(part, body);
    return value === undefined ? null : visit(value);
  };
  return visit(expr);
}

/** How great a parameter may be where it is asked whether it is small. */
const GREATEST = 64;

/**
 * Where a change c is off by e besides its unit: from e 2^24 on, the unit is more than that. What is below vanishes in a sum
 * that it is less than 2^-25 of, and so do both bounds; of a sum rounded to 8 bits, e 2^54 is enough.
 */
const floorOf = (absolute: number): number => (absolute === 0 ? -149 : Math.ceil(Math.log2(absolute)) + 54);

/** What a variable is, through others that are the same. */
function sourceOf(expr: Expr, body: readonly Let[]): Expr | undefined {
  if (expr.kind !== "variable") return undefined;
  const first = firstNameOf(expr.name, body);
  return body.find(({ name }) => name === first)?.value;
}
