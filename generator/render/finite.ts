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
  states: readonly { readonly takesSize: boolean }[],
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
  const sizes = new Set(
    kernel.states.flatMap(({ variables }, place) =>
      states[place]?.takesSize ? [variables.magnitude.name] : [],
    ),
  );
  const view = ({ name, value }: Let) => ({
    name: printName(name, dialect),
    value: printValue(value, dialect),
    isResult: results.has(name),
  });
  return {
    lines: printFragment({ inputs: [], body: found.body, outputs: [] }, dialect),
    results: found.results.map((result) => view(sizes.has(result.name) ? unsized(result) : result)),
    asked: found.asked.map(({ name }) => printName(name, dialect)).join(", "),
    rest: found.rest.map(view),
  };
}

/** A magnitude of which the sign does not matter. */
function unsized(result: Let): Let {
  const { value } = result;
  return value.kind === "op" && value.op === "f32.abs" ? { ...result, value: value.args[0] as Expr } : result;
}
