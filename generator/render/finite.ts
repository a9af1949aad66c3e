import { finiteFirst } from "../ir/finite.js";
import type { ElementKernel, Expr, Let } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName, printValue } from "../print/index.js";

/**
 * The update and the magnitudes of what is measured as templates see them: results that are right where the values asked are
 * finite, and what to compute where they are not. Null where that makes no difference.
 */
export function finiteView(
  kernel: ElementKernel,
  states: readonly { readonly granuleInRun: boolean; readonly hasSpread: boolean }[],
  dialect: Dialect,
) {
  const measured = kernel.states.flatMap(({ statistic }) =>
    statistic !== null && (kernel.kind === "step") === (statistic.source === "tile")
      ? [statistic.magnitude]
      : [],
  );
  const found = finiteFirst({
    inputs: kernel.update.inputs,
    body: [kernel.update, ...measured].flatMap(({ body }) => body),
    outputs: [kernel.update, ...measured].flatMap(({ outputs }) => outputs),
  });
  if (found === undefined) return null;
  const results = new Set(found.results.map(({ name }) => name));
  /** Of states of which a granule's greatest is all that is asked: what magnitudes are of, where they are no more than that. */
  const sized = new Map(
    kernel.states.flatMap(({ variables: { magnitude } }, place) => {
      const { granuleInRun = false, hasSpread = true } = states[place] ?? {};
      const value = found.results.find(({ name }) => name === magnitude.name)?.value;
      const isSize = granuleInRun && !hasSpread && value?.kind === "op" && value.op === "f32.abs";
      return isSize ? [[magnitude.name, value.args[0] as Expr] as const] : [];
    }),
  );
  const view = ({ name, value }: Let) => ({
    name: printName(name, dialect),
    value: printValue(value, dialect),
    isResult: results.has(name),
  });
  return {
    lines: printFragment({ inputs: [], body: found.body, outputs: [] }, dialect),
    results: found.results.map((result) =>
      view({ ...result, value: sized.get(result.name) ?? result.value }),
    ),
    /** Of each state, whether its magnitudes are such values, whose signs are still to be taken off. */
    takeSizes: kernel.states.map(({ variables }) => sized.has(variables.magnitude.name)),
    asked: found.asked.map(({ name }) => printName(name, dialect)).join(", "),
    rest: found.rest.map(view),
  };
}
