import type { ReductionExpr, RuleExpr, RuleStatement } from "./plan.js";

/** What a statement reads: an earlier statement, by its number, or what p, g or a state was before the step. */
export type Source = number | string;

/** For each statement, what it reads itself. */
export function sourcesOf(rule: readonly RuleStatement[]): Source[][] {
  const latest = new Map<string, number>();
  return rule.map(({ target, value }, index) => {
    const sources = [...new Set(namesIn(value))].map((name) => latest.get(name) ?? name);
    latest.set(target, index);
    return sources;
  });
}

/** The statement that assigns each name last. */
export function lastAssignments(rule: readonly RuleStatement[]): Map<string, number> {
  return new Map(rule.map(({ target }, index) => [target, index]));
}

/** Everything that some sources depend on, themselves included; `isGiven` statements are not looked into. */
export function closureOf(
  roots: readonly Source[],
  sources: readonly (readonly Source[])[],
  isGiven: (statement: number) => boolean = () => false,
): Set<Source> {
  const found = new Set<Source>();
  const visit = (source: Source): void => {
    if (found.has(source)) return;
    found.add(source);
    if (typeof source === "number" && !isGiven(source)) sources[source]?.forEach(visit);
  };
  roots.forEach(visit);
  return found;
}

/** p, g, states and locals that an expression reads. */
export function namesIn(expr: RuleExpr | ReductionExpr): string[] {
  switch (expr.kind) {
    case "constant":
    case "uniform":
      return [];
    case "value":
      return [expr.name];
    case "apply":
      return expr.args.flatMap(namesIn);
    case "reduce":
      return namesIn(expr.arg);
  }
}
