import { targets } from "../../templates/index.js";
import type { Target } from "../target.js";
import { choose } from "./options.js";

export const targetNames: readonly string[] = targets.map(({ name }) => name);

/**
 * The named targets, in the order in which packages list them.
 *
 * @throws {UserError} for an unknown name
 */
export function selectTargets(names: readonly string[]): readonly Target[] {
  const wanted = new Set(names.map((name) => choose("target", name, targetNames)));
  return targets.filter(({ name }) => wanted.has(name));
}
