import { type Enclosure, enclose } from "../ir/enclosure.js";
import { typed } from "../ir/expr.js";
import type { ElementKernel, Fragment, OrdinaryUpdate } from "../ir/types.js";
import type { Dialect } from "../print/dialect.js";
import { printCall, printFragment, printName, printValue } from "../print/index.js";

/**
 * Two values that the new parameter lies between, where it is rounded to bfloat16, which drops most of what they differ in;
 * null where the language has no near operations, or where there is no such pair.
 */
export function enclosureOf(
  kernel: ElementKernel,
  ordinary: OrdinaryUpdate,
  { near }: Dialect,
): Enclosure | null {
  if (near === undefined || kernel.kind !== "step" || !isRoundedOnce(ordinary.parameter)) return null;
  const { name } = kernel.parameter;
  const parts = { base: typed(`${name}_base`, "f32"), change: typed(`${name}_change`, "f32") };
  const divisors = new Set(
    ordinary.uniforms.filter(({ isDivisor }) => isDivisor).map(({ variable }) => variable.name),
  );
  const known = { variables: ordinary.known, least: new Map<string, number>() };
  const uniforms = new Set(kernel.uniforms.map((uniform) => uniform.name));
  return enclose(ordinary.update, parts, { divisors, uniforms }, near.errors, known);
}

/** To the nearest bfloat16, by what languages have one operation for. */
function isRoundedOnce(parameter: Fragment | null): boolean {
  const ops = (parameter?.body ?? []).flatMap(({ value }) => (value.kind === "op" ? [value.op] : []));
  return ops.includes("u32.bfloat16") && ops.every((op) => op === "u32.bfloat16" || op === "f32.bits");
}

/** As templates see it. */
export function enclosureView(
  { update, base, change, uniforms, factors }: Enclosure,
  exact: Dialect,
  spelled: Dialect,
) {
  const { near } = spelled;
  if (near === undefined) throw new Error("no near operations");
  const dialect = { ...spelled, ops: { ...spelled.ops, ...near.ops } };
  const [first, second] = factors.map((factor) =>
    printCall(near.fused, [
      printName(change.name, dialect),
      printValue(factor, dialect),
      printName(base.name, dialect),
    ]),
  );
  return {
    lines: printFragment(update, dialect),
    uniformLines: printFragment({ inputs: [], body: uniforms, outputs: [] }, exact),
    first,
    second,
  };
}
