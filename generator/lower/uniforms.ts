import type { ElementExpr, Reduction, Rule, UniformExpr } from "../rule/types.js";
import { evaluateUniform, formatUniform, isConstant } from "../rule/uniform.js";
import { namesIn } from "./dependencies.js";
import type { NamedUniform, ReductionExpr, RuleExpr, RuleStatement } from "./plan.js";

export interface Hoisted {
  readonly uniforms: readonly NamedUniform[];
  readonly statements: readonly RuleStatement[];
}

/**
 * Replaces each maximal uniform expression of a rule by a named value that the host computes, or by a constant, and gives
 * each reduction an assignment of its own.
 */
export function hoistUniforms(rule: Rule, taken: ReadonlySet<string>): Hoisted {
  const uniforms = new Map<string, NamedUniform>();
  const names = new Set(taken);

  const fresh = (base: string): string => {
    let name = base;
    for (let suffix = 2; names.has(name); suffix++) name = `${base}_${suffix}`;
    names.add(name);
    return name;
  };

  const nameFor = (expr: UniformExpr, text: string): string => {
    if (expr.kind === "hyper") return expr.name;
    if (expr.kind === "step") return "t";
    const local = Object.entries(rule.uniformLocals).find(([, value]) => value === expr)?.[0];
    const base = local ?? describe(text);
    return fresh(base);
  };

  const hoist = (expr: UniformExpr): RuleExpr => {
    if (isConstant(expr)) return { kind: "constant", value: Math.fround(evaluateUniform(expr, {}, 1)) };
    const text = formatUniform(expr);
    const known = uniforms.get(text) ?? { name: nameFor(expr, text), expr, text };
    uniforms.set(text, known);
    return { kind: "uniform", name: known.name };
  };

  const statements: RuleStatement[] = [];
  const reduce = ({ fn, shape, arg, argShape }: Reduction, target: string | undefined): RuleExpr => {
    const value = { kind: "reduce", fn, arg: rewrite(arg), argShape } as const;
    const name = target ?? sameReduction(statements, value) ?? fresh(fn);
    if (!statements.some((statement) => statement.target === name)) {
      statements.push({ target: name, role: "local", shape, value });
    }
    return { kind: "value", name };
  };
  /** What passes leave for later ones is known by its name, so no name may stand for two reductions. */
  const isNew = (name: string): boolean =>
    rule.assignments.filter(({ target }) => target === name).length === 1;

  const rewrite = (expr: ElementExpr): RuleExpr => {
    if (expr.kind === "uniform") return hoist(asNumber(expr.expr));
    if (expr.kind === "value") return expr;
    if (expr.kind === "reduce") return reduce(expr, undefined);
    const args = expr.args.map((argument, index) => {
      const condition = expr.fn === "select" && index === 0 && argument.kind === "uniform";
      return condition ? isTrue(rewrite(argument)) : rewrite(argument);
    });
    return { kind: "apply", fn: expr.fn, args };
  };

  for (const { target, role, shape, value } of rule.assignments) {
    if (value.kind === "reduce" && role === "local" && isNew(target)) reduce(value, target);
    else statements.push({ target, role, shape, value: rewrite(value) });
  }
  return { uniforms: [...uniforms.values()], statements };
}

/** A reduction of the same values, none of which has changed since. */
function sameReduction(statements: readonly RuleStatement[], value: ReductionExpr): string | undefined {
  const text = JSON.stringify(value);
  const index = statements.findIndex((statement) => JSON.stringify(statement.value) === text);
  const read = namesIn(value);
  const isChanged = statements.slice(index).some(({ target }) => read.includes(target));
  return index < 0 || isChanged ? undefined : statements[index]?.target;
}

const comparisons = new Set(["lt", "le", "gt", "ge", "eq", "ne"]);

/** A uniform truth value travels as 1 or 0. */
function asNumber(expr: UniformExpr): UniformExpr {
  if (expr.kind !== "apply" || !comparisons.has(expr.fn)) return expr;
  return {
    kind: "apply",
    fn: "select",
    args: [expr, { kind: "number", value: 1 }, { kind: "number", value: 0 }],
  };
}

function isTrue(value: RuleExpr): RuleExpr {
  return { kind: "apply", fn: "ne", args: [value, { kind: "constant", value: 0 }] };
}

/** 1 - beta1^t becomes one_minus_beta1_pow_t. */
function describe(text: string): string {
  const words = new Map([
    ["+", "plus"],
    ["-", "minus"],
    ["*", ""],
    ["/", "over"],
    ["^", "pow"],
    ["1", "one"],
  ]);
  const name = (text.match(/[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[-+*/^]/g) ?? [])
    .map((token) => words.get(token) ?? token)
    .filter((word) => word !== "")
    .join("_");
  return /^[a-z_]/i.test(name) && name.length <= 40 ? name : "uniform";
}
