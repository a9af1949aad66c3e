import { extremumOf } from "./extremum.js";
import { type Magnitude, type Magnitudes, measure } from "./magnitude.js";
import { prune } from "./prune.js";
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
  /** The parameter lies between base + factor * change for the first and the second factor. */
  readonly factors: readonly [number, number];
  /**
   * The exponent of 2 from which on that holds of a parameter, which is below 2^65, without asking for values that must be
   * present; null where it does of none.
   */
  readonly floor: number | null;
}

/** How far near operations are from exact ones at most, in units of 2^-24 of the value, with all that they round. */
export interface NearErrors {
  readonly quotient: number;
  /** Of a divisor whose rounded reciprocal is at hand. */
  readonly quotientByUniform: number;
  readonly root: number;
  /** What a root is off by, where its operand may be subnormal. */
  readonly subnormalRoot: number;
}

/** How far a near value is from the exact one at most: so many units of 2^-24 of it, and so much besides. */
interface NearError {
  readonly relative: number;
  readonly absolute: number;
}

/** What a rounded operation is off by at most, where its result is normal and where it is not: the rounded and the near one. */
const ROUNDING = 1;
const UNDERFLOW = 2 ** -149;
const UNIT = 2 ** -24;
const exact: NearError = { relative: 0, absolute: 0 };
const unbounded: NearError = { relative: Number.POSITIVE_INFINITY, absolute: 0 };

/**
 * Null where the parameter is no sum of one exact and one near value, or where a state would not be exact.
 *
 * @param known what is known where values that the update must have present are asked for
 * @param unasked what is known where they are not
 */
export function enclose(
  update: Fragment,
  parts: { readonly base: Variable; readonly change: Variable },
  divisors: ReadonlySet<string>,
  near: NearErrors,
  known: Magnitudes,
  unasked: Magnitudes,
): Enclosure | null {
  const [parameter, ...states] = update.outputs;
  const sum = parameter === undefined ? undefined : sourceOf(parameter.name, update.body);
  if (sum?.kind !== "op" || (sum.op !== "f32.sub" && sum.op !== "f32.add")) return null;
  const [base, change] = sum.args as [Expr, Expr];
  const errorsUnder = (magnitudes: Magnitudes) => {
    const judge = new Judge(update, divisors, near, magnitudes);
    const areExact = [base, ...states.map(asExpr)].every((value) => judge.isExact(value));
    return areExact ? judge.errorOf(change) : unbounded;
  };
  const asked = errorsUnder(known);
  if (asked.relative === 0 || !isSmall(asked) || asked.absolute > 0) return null;
  const free = errorsUnder(unasked);
  const floor = isSmall(free) && measure(sum, unasked).hi <= GREATEST ? floorOf(free.absolute) : null;
  const greatest = floor === null ? asked.relative : Math.max(asked.relative, free.relative);
  // Products of errors, too: a thousandth for those, a unit for what is absolute, and a multiple of the last place of what is
  // below 1.
  const relative = Math.ceil((greatest * 1.001 + ROUNDING + 1) / 2) * 2 * UNIT;
  const sign = sum.op === "f32.sub" ? -1 : 1;
  const body = [...update.body, { ...parts.base, value: base }, { ...parts.change, value: change }];
  const outputs = [parts.base, parts.change, ...states];
  return {
    ...parts,
    update: prune({ inputs: update.inputs, body, outputs }, outputs),
    factors: [sign * (1 + relative), sign * (1 - relative)],
    floor,
  };
}

/** How great a parameter may be where it is asked whether it is small. */
const GREATEST = 64;
const isSmall = ({ relative }: NearError): boolean => relative <= 2 ** 12;

/**
 * Where a change c is off by e besides its unit: from e 2^24 on, the unit is more than that. What is below vanishes in a sum
 * that it is less than 2^-25 of, and so do both bounds; of a sum rounded to 8 bits, e 2^54 is enough.
 */
const floorOf = (absolute: number): number => (absolute === 0 ? -149 : Math.ceil(Math.log2(absolute)) + 54);

const asExpr = ({ name, type }: Variable): Expr => ({ kind: "variable", name, type });

/** What a variable is, through others that are the same. */
function sourceOf(name: string, body: readonly Let[]): Expr | undefined {
  const value = body.find((line) => line.name === name)?.value;
  return value?.kind === "variable" ? sourceOf(value.name, body) : value;
}

/** What values that are made of near ones are off by, against the same made of exact ones. */
class Judge {
  private readonly errors = new Map<string, NearError>();
  private readonly divisors: ReadonlySet<string>;
  private readonly near: NearErrors;
  private readonly known: Magnitudes;

  constructor(update: Fragment, divisors: ReadonlySet<string>, near: NearErrors, known: Magnitudes) {
    this.divisors = divisors;
    this.near = near;
    this.known = known;
    for (const { name, value } of update.body) this.errors.set(name, this.errorOf(value));
  }

  isExact(expr: Expr): boolean {
    const { relative, absolute } = this.errorOf(expr);
    return relative === 0 && absolute === 0;
  }

  /** Infinite where there is no bound. */
  errorOf(expr: Expr): NearError {
    if (expr.kind === "variable") return this.errors.get(expr.name) ?? exact;
    if (expr.kind === "constant") return exact;
    if (expr.kind === "lookup") return this.isExact(expr.index) ? exact : unbounded;
    return this.settled(expr, this.errorOfOp(expr));
  }

  /** What is off by so much besides, in units where it cannot be zero. */
  private settled(expr: Expr, { relative, absolute }: NearError): NearError {
    const { isZero, lo } = this.measured(expr);
    return isZero || lo < -126
      ? { relative, absolute }
      : { relative: relative + absolute / (UNIT * 2 ** lo), absolute: 0 };
  }

  private measured(expr: Expr): Magnitude {
    return measure(expr, this.known);
  }

  private errorOfOp(expr: Extract<Expr, { kind: "op" }>): NearError {
    const [a = exact, b = exact, c = exact] = expr.args.map((part) => this.errorOf(part));
    const [x, y] = expr.args as [Expr, Expr];
    const underflow = this.measured(expr).lo < -126 ? UNDERFLOW : 0;
    const isExact = [a, b, c].every(({ relative, absolute }) => relative === 0 && absolute === 0);
    switch (expr.op) {
      case "f32.div": {
        const { lo, hi, isZero } = this.measured(y);
        if (isZero || lo < -126 || hi > 126) return unbounded;
        const isUniform = y.kind === "variable" && this.divisors.has(y.name);
        const own = ROUNDING + (isUniform ? this.near.quotientByUniform : this.near.quotient);
        const absolute = (a.absolute * 1.01) / 2 ** lo + underflow;
        return { relative: a.relative + b.relative + own, absolute };
      }
      case "f32.sqrt": {
        const isNormal = this.measured(x).lo >= -126;
        const own = isNormal ? 0 : this.near.subnormalRoot;
        return {
          relative: a.relative / 2 + ROUNDING + this.near.root,
          absolute: Math.sqrt(a.absolute) + own,
        };
      }
      case "f32.neg":
      case "f32.abs":
        return a;
      case "f32.mul": {
        if (isExact) return exact;
        const grown = (error: NearError, other: Expr) => error.absolute * 1.01 * 2 ** this.measured(other).hi;
        return {
          relative: a.relative + b.relative + 2 * ROUNDING,
          absolute: grown(a, y) + grown(b, x) + underflow,
        };
      }
      case "f32.add": {
        if (isExact) return exact;
        if (!expr.args.every((part) => this.measured(part).isNonNegative)) return unbounded;
        const relative = Math.max(a.relative, b.relative) + 2 * ROUNDING;
        return { relative, absolute: a.absolute + b.absolute };
      }
      case "f32.select": {
        const isKnown = this.isExact(x) || extremumOf(expr.args) !== null;
        if (!isKnown) return unbounded;
        const either = (of: keyof NearError) => Math.max(b[of], c[of]);
        return { relative: either("relative"), absolute: either("absolute") };
      }
      default:
        return isExact ? exact : unbounded;
    }
  }
}
