import { type Enclosure, enclose } from "../ir/enclosure.js";
import { typed } from "../ir/expr.js";
import { keyOf } from "../ir/magnitude.js";
import type { ElementKernel, Fragment, OrdinaryUpdate } from "../ir/types.js";
import { firstNameOf, namesIn } from "../ir/uses.js";
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
  const uniforms = new Set(ordinary.uniforms.map(({ variable }) => variable.name));
  const asked = new Set(ordinary.present.flatMap(({ value }) => namesIn(value)));
  const divisors = new Set(
    ordinary.uniforms.filter(({ isDivisor }) => isDivisor).map(({ variable }) => variable.name),
  );
  const least = new Map(ordinary.present.map(({ value, exponent }) => [keyOf(value), exponent]));
  const known = { variables: ordinary.known, least };
  const unasked = { variables: ordinary.unasked, least: new Map<string, number>() };
  return enclose(ordinary.update, parts, { uniforms, divisors, asked }, near.errors, known, unasked);
}

/** To the nearest bfloat16, by what languages have one operation for. */
function isRoundedOnce(parameter: Fragment | null): boolean {
  const ops = (parameter?.body ?? []).flatMap(({ value }) => (value.kind === "op" ? [value.op] : []));
  return ops.includes("u32.bfloat16") && ops.every((op) => op === "u32.bfloat16" || op === "f32.bits");
}

/**
 * Which states' new values are what must be present, one after the other, so that it is asked only where a new parameter is
 * small; null where it must always be asked.
 */
export function askedLate(
  { floor, update }: Enclosure,
  { present }: OrdinaryUpdate,
  { near }: Dialect,
): readonly number[] | null {
  if (near === undefined) return null;
  // What is rounded to bfloat16 may have been less.
  if (floor === null || floor >= near.small) return null;
  const [, , ...values] = update.outputs;
  const sources = values.map(({ name }) => firstNameOf(name, update.body));
  const places = present.map(({ value }) => (value.kind === "variable" ? sources.indexOf(value.name) : -1));
  return places.includes(-1) ? null : places;
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
    /** What the lines read of uniforms, once for all elements. */
    uniformLines: printFragment({ inputs: [], body: uniforms, outputs: [] }, exact),
    first,
    second,
  };
}
