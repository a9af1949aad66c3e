import { nearest } from "../nearest.js";
import type { Assignment, Ast, Span } from "./ast.js";

/** What depends on what in a rule, over any number of steps. */
export class Flow {
  /** Names whose value from before the step is read. */
  readonly carried = new Set<string>();
  readonly #reads = new Map<string, Set<string>>();

  /** A name that is not declared counts as the declared one it is most like. */
  constructor(assignments: readonly Assignment[], declared: readonly string[]) {
    const assigned = new Set<string>();
    for (const { target, value } of assignments) {
      const read = namesIn(value).map(({ name }) => nearest(name, declared) ?? name);
      for (const name of read) if (!assigned.has(name)) this.carried.add(name);
      this.#reads.set(target, new Set([...(this.#reads.get(target) ?? []), ...read]));
      assigned.add(target);
    }
  }

  /** Whether one of the targets, other than the name itself, depends on it. */
  feeds(name: string, targets: readonly string[]): boolean {
    const reached = new Set(targets.filter((target) => target !== name));
    for (const target of reached) {
      if (target === name) return true;
      for (const read of this.#reads.get(target) ?? []) reached.add(read);
    }
    return false;
  }
}

interface NameRead {
  readonly name: string;
  readonly span: Span;
}

/** Every name an expression reads; names of functions are not read. */
export function namesIn(ast: Ast): NameRead[] {
  switch (ast.kind) {
    case "number":
      return [];
    case "name":
      return [ast];
    case "negate":
      return namesIn(ast.argument);
    case "binary":
      return [...namesIn(ast.left), ...namesIn(ast.right)];
    case "call":
      return ast.arguments.flatMap(namesIn);
  }
}
