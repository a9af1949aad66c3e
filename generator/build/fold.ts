import { f32, op, typed } from "../ir/expr.js";
import { prune } from "../ir/prune.js";
import type { Expr, FoldKernel, Fragment, Reduction, SweepKernel, VectorInput } from "../ir/types.js";
import { isLine } from "../lower/folds.js";
import { partsOf, runsOf } from "../lower/passes.js";
import type { FoldPass, Plan, ReductionExpr, RuleStatement, SweepPass, VariantPlan } from "../lower/plan.js";
import type { ReductionFunction } from "../rule/types.js";
import type { Names } from "./names.js";
import { nextOf, Vectors } from "./vectors.js";
import { walkRule } from "./walk.js";
import { FragmentWriter } from "./writer.js";

type FoldParts = Pick<
  FoldKernel,
  "from" | "to" | "terms" | "reductions" | "count" | "finish" | "vectors" | "entryVectors" | "stores"
>;

interface FoldedStatement extends Reduction {
  readonly statement: number;
  readonly name: string;
  readonly fn: ReductionFunction;
}

type SweepParts = Pick<SweepKernel, "cut" | "terms" | "reductions" | "vectors">;

/** What a sweep computes, but for how its states are decoded. */
export function buildSweep(plan: Plan, variant: VariantPlan, pass: SweepPass, names: Names): SweepParts {
  const folded = pass.reductions.map((statement) => foldedStatement(plan, statement, names));
  const reductions = folded.map(({ statement, name, ...reduction }) => {
    const shape = plan.rule[statement]?.shape ?? "element";
    if (shape === "element" || !isLine(shape)) throw new Error(`${name} is no row's and no column's`);
    return { ...reduction, shape, array: partsOf(name) };
  });
  const vectors = new Vectors(plan, variant, pass.kernel, "element", names);
  return { cut: pass.cut, reductions, ...buildTerms(plan, variant, vectors, true, folded, names) };
}

/** What a fold computes, but for how its states are decoded. */
export function buildFold(plan: Plan, variant: VariantPlan, pass: FoldPass, names: Names): FoldParts {
  const { from, to } = pass;
  const folded = pass.reductions.map((statement) => foldedStatement(plan, statement, names));
  const terms = termsOf(plan, variant, pass, folded, names);
  const original = pass.reductions.map((statement) => reductionOf(plan, statement).argShape)[0] ?? from.shape;
  const count = { variable: typed(names.fresh("count"), "f32"), of: original, per: to.shape };
  const finish =
    to.per > 1 ? runResults(folded, to.per) : buildFinish(plan, variant, pass, folded, count.variable, names);
  return { from, to, reductions: folded, count, ...terms, ...finish };
}

function reductionOf(plan: Plan, statement: number): ReductionExpr {
  const { value } = plan.rule[statement] as RuleStatement;
  if (value.kind !== "reduce") throw new Error(`statement ${statement} is no reduction`);
  return value;
}

function foldedStatement(plan: Plan, statement: number, names: Names): FoldedStatement {
  const { fn } = reductionOf(plan, statement);
  const name = plan.rule[statement]?.target ?? "";
  return {
    statement,
    name,
    fn,
    term: typed(names.fresh(`${name}_term`), "f32"),
    result: typed(names.fresh(`${name}_${fn.endsWith("max") ? "max" : "sum"}`), "f32"),
    combine: fn.endsWith("max") ? "max" : "sum",
  };
}

function termsOf(
  plan: Plan,
  variant: VariantPlan,
  pass: FoldPass,
  folded: readonly FoldedStatement[],
  names: Names,
): Pick<FoldParts, "terms" | "vectors"> {
  const { shape, per, cut } = pass.from;
  if (cut !== undefined) return leftTerms(folded, partsOf);
  if (per > 1) return leftTerms(folded, (name) => runsOf(name, per));
  const vectors = new Vectors(plan, variant, firstOf(variant, pass), shape, names);
  return buildTerms(plan, variant, vectors, shape === "element", folded, names);
}

/** What an earlier pass left of the same terms. */
function leftTerms(
  folded: readonly FoldedStatement[],
  arrayOf: (name: string) => string,
): Pick<FoldParts, "terms" | "vectors"> {
  const terms = folded.map(({ term }) => term);
  const vectors = folded.map(
    ({ name, term }): VectorInput => ({
      variable: term,
      array: arrayOf(name),
      isKept: false,
      shape: "term",
    }),
  );
  return { terms: { inputs: terms, body: [], outputs: terms }, vectors };
}

function buildTerms(
  plan: Plan,
  variant: VariantPlan,
  vectors: Vectors,
  isElement: boolean,
  folded: readonly FoldedStatement[],
  names: Names,
): Pick<FoldParts, "terms" | "vectors"> {
  const writer = new FragmentWriter(names);
  const elements = variant.states.filter(({ shape }) => shape === "element").map(({ name }) => name);
  const atElements = isElement ? ["p", "g", ...elements] : [];
  const old = atElements.map((name) => [name, writer.input(typed(name, "f32"))] as const);
  walkRule(
    plan,
    new Map([...old, ...vectors.old(writer)]),
    vectors.given(writer),
    writer,
    (statement, { fn }, arg) => {
      const own = folded.find((reduction) => reduction.statement === statement);
      if (own === undefined) return;
      const term = termOf(fn, writer.once(own.name, arg));
      // One element that is not finite must not take its row along.
      const counted = plan.nonfinite === "hold" ? finiteOrZero(writer.once(own.name, term)) : term;
      writer.define(own.term, counted);
    },
  );
  const fragment = prune(
    writer.finish(...folded.map(({ term }) => term)),
    folded.map(({ term }) => term),
  );
  return { terms: fragment, vectors: vectors.needed(fragment) };
}

/** A tensor's sum is read from the elements by the first of its passes. */
function firstOf({ passes }: VariantPlan, pass: FoldPass): string {
  const isSame = (other: VariantPlan["passes"][number]): boolean =>
    other.kind === "fold" && other.reductions === pass.reductions;
  return passes.find(isSame)?.kernel ?? pass.kernel;
}

function runResults(
  folded: readonly FoldedStatement[],
  per: number,
): Pick<FoldParts, "finish" | "entryVectors" | "stores"> {
  const results = folded.map(({ result }) => result);
  const stores = folded.map(({ name, result }) => ({ variable: result, array: runsOf(name, per) }));
  return { finish: { inputs: results, body: [], outputs: results }, entryVectors: [], stores };
}

function buildFinish(
  plan: Plan,
  variant: VariantPlan,
  pass: FoldPass,
  folded: readonly FoldedStatement[],
  count: Reduction["term"],
  names: Names,
): Pick<FoldParts, "finish" | "entryVectors" | "stores"> {
  const writer = new FragmentWriter(names);
  const vectors = new Vectors(plan, variant, firstOf(variant, pass), pass.to.shape, names);
  const given = vectors.given(writer);
  const divisor = writer.input(count);
  const stores: FoldKernel["stores"][number][] = [];
  for (const { statement, name, fn, result } of folded) {
    const value = writer.bind(name, resultOf(fn, writer.input(result), divisor));
    given.set(statement, value);
    if (pass.kept.includes(statement)) stores.push({ variable: nameOf(value), array: name });
  }
  const latest = walkRule(plan, vectors.old(writer), given, writer);
  for (const statement of pass.states) {
    const { target } = plan.rule[statement] as RuleStatement;
    const next = typed(nextOf(target), "f32");
    writer.define(next, latest.get(target) as Expr);
    stores.push({ variable: next, array: nextOf(target) });
  }
  const outputs = stores.map((store) => store.variable);
  const fragment: Fragment = prune(writer.finish(...outputs), outputs);
  return { finish: fragment, entryVectors: vectors.needed(fragment), stores };
}

function nameOf(value: Expr): Reduction["term"] {
  if (value.kind !== "variable") throw new Error("a result has no name");
  return typed(value.name, value.type);
}

function termOf(fn: ReductionFunction, x: Expr): Expr {
  if (fn === "norm" || fn === "rms") return op("f32.mul", x, x);
  return fn === "absmax" ? op("f32.abs", x) : x;
}

function resultOf(fn: ReductionFunction, sum: Expr, count: Expr): Expr {
  if (fn === "norm") return op("f32.sqrt", sum);
  if (fn === "rms") return op("f32.sqrt", op("f32.div", sum, count));
  return fn.endsWith("mean") ? op("f32.div", sum, count) : sum;
}

function finiteOrZero(x: Expr): Expr {
  return op("f32.select", op("f32.is_finite", x), x, f32(0));
}
