import { typed } from "../ir/expr.js";
import type { Expr, Fragment, Variable, VectorInput } from "../ir/types.js";
import type { FoldPass, Plan, RuleStatement, VariantPlan } from "../lower/plan.js";
import { fitsShape } from "../rule/shapes.js";
import type { KernelShape } from "../rule/types.js";
import type { Names } from "./names.js";
import type { FragmentWriter } from "./writer.js";

/** What a kernel may read that is smaller than a tensor: states before the step, and what earlier passes left. */
export class Vectors {
  readonly #old: readonly VectorInput[];
  readonly #given: ReadonlyMap<number, VectorInput>;

  /** @param shape of the places at which the kernel reads */
  constructor(plan: Plan, variant: VariantPlan, kernel: string, shape: KernelShape, names: Names) {
    const fits = (input: VectorInput): boolean => fitsShape(input.shape as KernelShape, shape);
    const inputs = variant.states.flatMap(({ name, shape: own }): VectorInput[] =>
      own === "element" ? [] : [{ variable: typed(name, "f32"), array: name, isKept: true, shape: own }],
    );
    const given = finishedBefore(variant, kernel).map(
      (statement) => [statement, inputOf(plan.rule[statement] as RuleStatement, names)] as const,
    );
    this.#old = inputs.filter(fits);
    this.#given = new Map(given.filter(([, input]) => fits(input)));
  }

  /** By state. */
  old(writer: FragmentWriter): Map<string, Expr> {
    return new Map(this.#old.map(({ variable }) => [variable.name, writer.input(variable)]));
  }

  /** By statement. */
  given(writer: FragmentWriter): Map<number, Expr> {
    return new Map([...this.#given].map(([statement, { variable }]) => [statement, writer.input(variable)]));
  }

  /** Those that a fragment reads. */
  needed({ inputs }: Pick<Fragment, "inputs">): VectorInput[] {
    const isRead = ({ variable: { name } }: VectorInput): boolean =>
      inputs.some((input) => input.name === name);
    return [...this.#old, ...this.#given.values()].filter(isRead);
  }
}

/** Statements whose values the passes before a kernel left. */
function finishedBefore({ passes }: VariantPlan, kernel: string): number[] {
  const index = passes.findIndex((pass) => pass.kernel === kernel);
  const before = passes
    .slice(0, index)
    .filter((pass): pass is FoldPass => pass.kind === "fold" && pass.to.per === 1);
  return before.flatMap(({ reductions, states }) => [...reductions, ...states]);
}

function inputOf({ target, role, shape }: RuleStatement, names: Names): VectorInput {
  const array = role === "state" ? nextOf(target) : target;
  const variable: Variable = role === "state" ? typed(array, "f32") : typed(names.fresh(target), "f32");
  return { variable, array, isKept: false, shape: shape as VectorInput["shape"] };
}

/** Where a state that is no element's waits for the end of the step. */
export function nextOf(state: string): string {
  return `${state}_next`;
}
