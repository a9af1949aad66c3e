import { extremumOf } from "./extremum.js";
import { type Magnitude, type Magnitudes, measure } from "./magnitude.js";
import { partsOf } from "./regroup.js";
import type { Expr, Let } from "./types.js";

/** How far operations are from the values without rounding at most, in units of 2^-24 of these. */
export interface OperationErrors {
  readonly quotient: number;
  /** Of a divisor whose rounded reciprocal is at hand. */
  readonly quotientByUniform: number;
  readonly root: number;
  /** What a root is off by, where its operand may be subnormal. */
  readonly subnormalRoot: number;
}

/** How far a value is off at most: so many units of 2^-24 of it, and so much besides. */
export interface ValueError {
  readonly relative: number;
  readonly absolute: number;
}

export const UNIT = 2 ** -24;
/** What a rounded operation is off by at most, where its result is normal and where it is not. */
const ROUNDING = 1;
const UNDERFLOW = 2 ** -150;

export const correctlyRounded: OperationErrors = {
  quotient: ROUNDING,
  quotientByUniform: ROUNDING,
  root: ROUNDING,
  subnormalRoot: 0,
};
const exact: ValueError = { relative: 0, absolute: 0 };
const unbounded: ValueError = { relative: Number.POSITIVE_INFINITY, absolute: 0 };

/** Of what is made of uniforms, none of whose operations is subnormal: at most a unit each. */
export const roundingsIn = (value: Expr): ValueError => ({ relative: partsOf(value).length, absolute: 0 });

/** How far values may be from those of the same operations without rounding. */
export class NearValues {
  private readonly errors = new Map<string, ValueError>();
  private readonly divisors: ReadonlySet<string>;
  private readonly own: OperationErrors;
  private readonly known: Magnitudes;

  /** @param uniforms what some uniforms come to, each operation rounded */
  constructor(
    body: readonly Let[],
    divisors: ReadonlySet<string>,
    own: OperationErrors,
    known: Magnitudes,
    uniforms: readonly Let[] = [],
  ) {
    this.divisors = divisors;
    this.own = own;
    this.known = known;
    for (const { name, value } of uniforms) this.errors.set(name, roundingsIn(value));
    for (const { name, value } of body) this.errors.set(name, this.errorOf(value));
  }

  isExact(expr: Expr): boolean {
    const { relative, absolute } = this.errorOf(expr);
    return relative === 0 && absolute === 0;
  }

  /** Infinite where there is no bound. */
  errorOf(expr: Expr): ValueError {
    if (expr.kind === "variable") return this.errors.get(expr.name) ?? exact;
    if (expr.kind === "constant") return exact;
    if (expr.kind === "lookup") return this.isExact(expr.index) ? exact : unbounded;
    return this.settled(expr, this.errorOfOp(expr));
  }

  /** What is off by so much besides, in units where it cannot be zero. */
  private settled(expr: Expr, { relative, absolute }: ValueError): ValueError {
    const { isZero, lo } = this.measured(expr);
    return isZero || lo < -126
      ? { relative, absolute }
      : { relative: relative + absolute / (UNIT * 2 ** lo), absolute: 0 };
  }

  private measured(expr: Expr): Magnitude {
    return measure(expr, this.known);
  }

  private errorOfOp(expr: Extract<Expr, { kind: "op" }>): ValueError {
    const [a = exact, b = exact, c = exact] = expr.args.map((part) => this.errorOf(part));
    const [x, y] = expr.args as [Expr, Expr];
    const underflow = this.measured(expr).lo < -126 ? UNDERFLOW : 0;
    const isExact = [a, b, c].every(({ relative, absolute }) => relative === 0 && absolute === 0);
    switch (expr.op) {
      case "f32.div": {
        const { lo, hi, isZero } = this.measured(y);
        if (isZero || lo < -126 || hi > 126) return unbounded;
        const isUniform = y.kind === "variable" && this.divisors.has(y.name);
        const own = isUniform ? this.own.quotientByUniform : this.own.quotient;
        const absolute = (a.absolute * 1.01) / 2 ** lo + underflow;
        return { relative: a.relative + b.relative + own, absolute };
      }
      case "f32.sqrt": {
        const isNormal = this.measured(x).lo >= -126;
        const absolute = Math.sqrt(a.absolute) + (isNormal ? 0 : this.own.subnormalRoot);
        return { relative: a.relative / 2 + this.own.root, absolute };
      }
      case "f32.neg":
      case "f32.abs":
        return a;
      case "f32.mul": {
        if (isExact) return exact;
        const grown = (error: ValueError, other: Expr) =>
          error.absolute * 1.01 * 2 ** this.measured(other).hi;
        return {
          relative: a.relative + b.relative + ROUNDING,
          absolute: grown(a, y) + grown(b, x) + underflow,
        };
      }
      case "f32.add": {
        if (isExact) return exact;
        if (!expr.args.every((part) => this.measured(part).isNonNegative)) return unbounded;
        const relative = Math.max(a.relative, b.relative) + ROUNDING;
        return { relative, absolute: a.absolute + b.absolute };
      }
      case "f32.select": {
        const isKnown = this.isExact(x) || extremumOf(expr.args) !== null;
        if (!isKnown) return unbounded;
        const either = (of: keyof ValueError) => Math.max(b[of], c[of]);
        return { relative: either("relative"), absolute: either("absolute") };
      }
      default:
        return isExact ? exact : unbounded;
    }
  }
}
