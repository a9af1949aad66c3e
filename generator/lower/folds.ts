import type { KernelShape } from "../rule/types.js";
import { closureOf, lastAssignments, type Source, sourcesOf } from "./dependencies.js";
import type { ReductionExpr, RuleStatement } from "./plan.js";

/** Values of rows, columns, matrices or tensors that can be computed together. */
export interface Fold {
  readonly domain: KernelShape;
  /** One, or rows and columns of the same elements. */
  readonly entries: readonly KernelShape[];
  /** Statements. */
  readonly reductions: readonly number[];
  readonly states: readonly number[];
}

/**
 * In which order the reductions of a rule and its states that are no element's are computed. Everything else is computed
 * again wherever it is needed: it is cheaper than memory. What can be reduced at the same time from the same values to
 * the same shape is one fold, and so are the rows and columns of elements, which are read once for both; a state is
 * finished by the first fold of its shape after which nothing is missing.
 */
export function foldsOf(rule: readonly RuleStatement[]): Fold[] {
  const sources = sourcesOf(rule);
  const last = lastAssignments(rule);
  const isReduction = (index: number): boolean => rule[index]?.value.kind === "reduce";
  const isState = (index: number): boolean => {
    const { role, shape, target } = rule[index] as RuleStatement;
    return role === "state" && shape !== "element" && last.get(target) === index;
  };
  const pending = new Set([...rule.keys()].filter((index) => isReduction(index) || isState(index)));
  const done = new Set<number>();
  /** Reductions that must come first. */
  const missing = (index: number, given: (statement: number) => boolean): Source[] =>
    [...closureOf(sources[index] ?? [], sources, given)].filter(
      (source) => typeof source === "number" && isReduction(source) && !given(source),
    );
  const isDone = (index: number): boolean => done.has(index);

  const folds: Fold[] = [];
  while (pending.size > 0) {
    const ready = [...pending].filter((index) => missing(index, isDone).length === 0);
    const first = ready.find(isReduction) ?? ready[0];
    if (first === undefined) throw new Error("reductions depend on each other in a circle");
    const [domain, entry] = shapesOf(rule[first] as RuleStatement);
    const isAlike = (index: number): boolean => {
      const [from, to] = shapesOf(rule[index] as RuleStatement);
      return from === domain && (to === entry || (isLine(to) && isLine(entry) && domain === "element"));
    };
    const reductions = isReduction(first)
      ? ready.filter((index) => isReduction(index) && isAlike(index))
      : [];
    const shapes = reductions.map((index) => rule[index]?.shape ?? entry);
    const entries = [...new Set([entry, ...shapes])];
    const given = (index: number): boolean => isDone(index) || reductions.includes(index);
    const states = [...pending].filter(
      (index) =>
        !isReduction(index) &&
        entries.includes(rule[index]?.shape as KernelShape) &&
        missing(index, given).length === 0,
    );
    folds.push({ domain, entries, reductions, states });
    for (const index of [...reductions, ...states]) {
      pending.delete(index);
      done.add(index);
    }
  }
  return folds;
}

/** What elements are summed to along one axis. */
export function isLine(shape: KernelShape): shape is "row" | "col" {
  return shape === "row" || shape === "col";
}

function shapesOf({ shape, value }: RuleStatement): readonly [KernelShape, KernelShape] {
  return value.kind === "reduce" ? [(value as ReductionExpr).argShape, shape] : [shape, shape];
}
