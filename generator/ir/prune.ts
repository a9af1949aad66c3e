import type { Fragment, Let, Variable } from "./types.js";
import { namesIn } from "./uses.js";

/** The part of a fragment that some of its outputs need. */
export function prune(fragment: Fragment, outputs: readonly Variable[]): Fragment {
  const needed = new Set(outputs.map(({ name }) => name));
  const body: Let[] = [];
  for (const step of [...fragment.body].reverse()) {
    if (!needed.has(step.name)) continue;
    body.unshift(step);
    for (const name of namesIn(step.value)) needed.add(name);
  }
  return { inputs: fragment.inputs.filter(({ name }) => needed.has(name)), body, outputs };
}
