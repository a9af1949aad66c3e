import type { Expr } from "./types.js";

/** What `select(x > y, x, y)` and its like are: the greater or the lesser of two, and whether ties give the second. */
export interface Extremum {
  readonly of: "greater" | "lesser";
  readonly isStrict: boolean;
  /** Whether the two are compared in the order in which they are chosen from. */
  readonly isInOrder: boolean;
}

/** Null for another selection. */
export function extremumOf([condition, chosen, other]: readonly Expr[]): Extremum | null {
  if (condition?.kind !== "op" || chosen === undefined || other === undefined) return null;
  const [, type, compare] = /^(f32|u32)\.(gt|lt|ge|le)$/.exec(condition.op) ?? [];
  if (type === undefined || compare === undefined) return null;
  const isStrict = compare === "gt" || compare === "lt";
  const isGreater = compare === "gt" || compare === "ge";
  const [left, right] = condition.args as [Expr, Expr];
  const isInOrder = isSame(left, chosen) && isSame(right, other);
  if (!isInOrder && !(isSame(left, other) && isSame(right, chosen))) return null;
  return { of: isGreater === isInOrder ? "greater" : "lesser", isStrict, isInOrder };
}

function isSame(a: Expr, b: Expr): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
