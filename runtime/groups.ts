/** Parameter groups: tensors with hyperparameters or storage of their own. */
import { className } from "./arrays.js";
import type { Dtype, OptimizerDescriptor } from "./descriptor.js";
import { LowbitError } from "./errors.js";
import { changeHypers, type HyperValues, type OwnHypers } from "./hypers.js";
import { didYouMean, listNames, quote } from "./names.js";
import { isDtype } from "./parameters.js";

/** What all parameters of a group have instead of what the optimizer has. */
export type GroupOptions<Hyper extends string> = OwnHypers<Hyper> & {
  /** Names, and patterns that match one or more of them. A parameter is in one group at most. */
  readonly params: readonly (string | RegExp)[];
  /** Variant that keeps their states, whatever their size: `float32`, for example. */
  readonly states?: string;
  /** Dtype of their gradients. */
  readonly grad?: Dtype;
};

export interface Group {
  /** Null for the parameters that are in no group. */
  readonly name: string | null;
  readonly params: readonly string[];
  /** Hypers of its own; the others are the optimizer's. */
  readonly hypers: HyperValues;
  readonly states: string | undefined;
  readonly grad: Dtype | undefined;
}

/**
 * The parameters that are in no group, then each group in the order given.
 *
 * @throws {LowbitError} `wrong-group`, `unknown-parameter`, `shared-parameter`, `unknown-variant`, `wrong-dtype`,
 *   `unknown-hyper`, `wrong-hyper`
 */
export function resolveGroups(
  descriptor: OptimizerDescriptor,
  names: readonly string[],
  grad: unknown,
  given: unknown,
): Group[] {
  if (className(given) !== "Object")
    throw new LowbitError(
      "wrong-group",
      `groups are given by name, as in { norms: { params: [/norm/], weight_decay: 0 } }, not as ${className(given)}`,
    );
  const owners = new Map<string, string>();
  const groups = Object.entries(given as object).map(([name, options]): Group => {
    if (className(options) !== "Object")
      throw new LowbitError(
        "wrong-group",
        `group ${quote(name)} must be an object such as { params: ["bias"], lr: 1e-4 }, not ${className(options)}`,
      );
    const { params, states, grad: own, ...hypers } = options as Readonly<Record<string, unknown>>;
    const members = membersOf(name, params, names);
    for (const member of members) {
      const owner = owners.get(member);
      if (owner !== undefined)
        throw new LowbitError(
          "shared-parameter",
          `parameter ${quote(member)} is in the groups ${quote(owner)} and ${quote(name)}: a parameter is in one at most`,
        );
      owners.set(member, name);
    }
    return {
      name,
      params: members,
      hypers: changeHypers(descriptor, {}, hypers),
      states: checkVariant(descriptor, name, states),
      grad: checkGrad(own ?? grad),
    };
  });
  const rest = names.filter((name) => !owners.has(name));
  return [{ name: null, params: rest, hypers: {}, states: undefined, grad: checkGrad(grad) }, ...groups];
}

function membersOf(group: string, params: unknown, names: readonly string[]): string[] {
  const isPattern = (item: unknown): item is RegExp => className(item) === "RegExp";
  if (
    !Array.isArray(params) ||
    params.length === 0 ||
    !params.every((item) => typeof item === "string" || isPattern(item))
  )
    throw new LowbitError(
      "wrong-group",
      `group ${quote(group)} needs params, a list of names and patterns such as ["bias", /norm/]`,
    );
  const matched = new Set<string>();
  for (const item of params) {
    const found = names.filter((name) => (isPattern(item) ? name.search(item) >= 0 : name === item));
    if (found.length === 0)
      throw new LowbitError(
        "unknown-parameter",
        `group ${quote(group)} has ${isPattern(item) ? `the pattern ${item}, which matches no parameter` : `${quote(String(item))}, which is no parameter${didYouMean(String(item), names)}`}: the parameters are ${listNames(names)}`,
      );
    for (const name of found) matched.add(name);
  }
  return names.filter((name) => matched.has(name));
}

function checkVariant(
  { name, variants }: OptimizerDescriptor,
  group: string,
  states: unknown,
): string | undefined {
  const known = variants.map((variant) => variant.name);
  if (states === undefined || known.includes(states as string)) return states as string | undefined;
  throw new LowbitError(
    "unknown-variant",
    `group ${quote(group)}: ${name} keeps no states as ${JSON.stringify(states)}${didYouMean(String(states), known)}: ` +
      `it has ${listNames(known)}`,
  );
}

function checkGrad(grad: unknown): Dtype | undefined {
  if (grad === undefined || isDtype(grad)) return grad;
  throw new LowbitError("wrong-dtype", `grad is f32, bf16 or f16, not ${JSON.stringify(grad)}`);
}

/**
 * Groups with some of their hypers changed, by name.
 *
 * @throws {LowbitError} `unknown-group`, `wrong-group`, `unknown-hyper`, `wrong-hyper`
 */
export function changeGroups(
  descriptor: OptimizerDescriptor,
  groups: readonly Group[],
  changes: unknown,
): readonly Group[] {
  if (changes === undefined) return groups;
  if (className(changes) !== "Object")
    throw new LowbitError(
      "wrong-group",
      `groups change by name, as in { norms: { lr: 1e-4 } }, not as ${className(changes)}`,
    );
  const known = groups.flatMap(({ name }) => name ?? []);
  const changed = new Map(Object.entries(changes as object));
  for (const name of changed.keys()) {
    if (!known.includes(name))
      throw new LowbitError(
        "unknown-group",
        `there is no group ${quote(name)}${didYouMean(name, known)}: ${known.length > 0 ? `the groups are ${listNames(known)}` : "this optimizer has none"}`,
      );
  }
  return groups.map((group) => {
    if (group.name === null || !changed.has(group.name)) return group;
    return { ...group, hypers: changeHypers(descriptor, group.hypers, changed.get(group.name) as object) };
  });
}
