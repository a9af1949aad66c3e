import { build } from "../../generator/build/index.js";
import { compile, type Package } from "../../generator/index.js";
import { targets } from "../../templates/index.js";

/** The package of a spec's text, for the targets whose kernels run in Node. */
export function compiled(text: string): Package {
  const result = compile(
    text,
    targets.filter(({ module }) => module !== null),
  );
  if (!result.ok) throw new Error(`not a valid spec: ${JSON.stringify(result.diagnostics)}\n${text}`);
  return { ...result.value, kernels: build(result.value.plan) };
}

/** Euclidean, to b or to 0. "Relative" is meant so: single elements near 0 say nothing. */
export function distance(a: Float32Array, b?: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b?.[i] ?? 0)) ** 2, 0));
}
