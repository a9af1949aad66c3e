import type { OperationErrors } from "../ir/near-values.js";
import type { Op } from "../ir/ops.js";
import type { Scalar } from "../ir/types.js";

/** How a language spells the IR: tables, and no decisions. Types only. */

export interface Spelling {
  /** With $0, $1, $2 for the arguments. */
  readonly text: string;
  /** How tightly the result binds; an argument that binds less than its place asks is put in parentheses. */
  readonly level: number;
  /** What each argument's place asks; the spelling's own level where there is none. */
  readonly args?: readonly number[];
  /** A helper that the file must then define. */
  readonly needs?: string;
}

export interface Dialect {
  readonly types: Readonly<Record<Scalar, string>>;
  readonly ops: Readonly<Record<Op, Spelling>>;
  /** Other spellings for operands of ordinary size (ir/ordinary.ts), where there are cheaper ones of the same value. */
  readonly ordinary: Readonly<Partial<Record<Op, Spelling>>> | null;
  /** Spellings that are only near, for such operands too, and cheaper still (ir/enclosure.ts). */
  readonly near?: {
    readonly ops: Readonly<Partial<Record<Op, Spelling>>>;
    readonly errors: OperationErrors;
    /** The exponent of 2 below which templates take a new parameter for small. */
    readonly small: number;
    /** $0 times $1 and $2, rounded once. */
    readonly fused: Spelling;
  };
  /** One by a number of ordinary size. */
  readonly reciprocal?: Spelling;
  /** The quotient of such an operand by a constant 2^n - 1, n from 2 to 8. */
  readonly quotientByConstant?: Spelling;
  /**
   * The greater and the lesser of two, `select(a > b, a, b)` and `select(a < b, a, b)` with the second for NaN, where the
   * language has words for them that are better than a selection's.
   */
  readonly extrema?: Readonly<Record<"greater" | "lesser", Spelling>>;
  /** $0 times $1 and $2, rounded once, where the product is exact: that of a power of two, and the sum with a constant. */
  readonly exactProduct?: Spelling;
  /** $0 is the table, $1 the index. */
  readonly lookups: Readonly<Record<"f32" | "u32", Spelling>>;
  readonly constants: Readonly<Record<Scalar, (value: number) => string>>;
  /** $0 is the name, $1 the type, $2 the value. */
  readonly declaration: string;
  /** Words of the language and names of the skeletons that no variable may take. */
  readonly reserved: ReadonlySet<string>;
  /** Names that skeletons make of those of kernels. */
  readonly owned?: RegExp;
}
