import type { Plan } from "../lower/plan.js";
import type { UniformExpr, UniformFunction } from "../rule/types.js";

/** Uniform expressions as JavaScript, in float64. */

interface Spelling {
  readonly text: string;
  readonly level: number;
  readonly args?: readonly number[];
}

const [TERNARY, OR, EQUAL, COMPARE, ADD, MULTIPLY, POWER, UNARY, CALL] = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const binary = (operator: string, level: number): Spelling => ({
  text: `$0 ${operator} $1`,
  level,
  args: [level, level + 1],
});
const call = (name: string): Spelling => ({ text: `Math.${name}($0, $1)`, level: CALL, args: [0, 0] });
const callOne = (name: string): Spelling => ({ text: `Math.${name}($0)`, level: CALL, args: [0] });

const spellings: Record<UniformFunction, Spelling> = {
  add: binary("+", ADD),
  sub: binary("-", ADD),
  mul: binary("*", MULTIPLY),
  div: binary("/", MULTIPLY),
  neg: { text: "-$0", level: UNARY },
  // JavaScript refuses a unary minus before the left side of **.
  pow: { text: "$0 ** $1", level: POWER, args: [CALL, POWER] },
  lt: binary("<", COMPARE),
  le: binary("<=", COMPARE),
  gt: binary(">", COMPARE),
  ge: binary(">=", COMPARE),
  eq: binary("===", EQUAL),
  ne: binary("!==", EQUAL),
  select: { text: "$0 ? $1 : $2", level: TERNARY, args: [OR, TERNARY, TERNARY] },
  min: call("min"),
  max: call("max"),
  abs: callOne("abs"),
  sign: callOne("sign"),
  sqrt: callOne("sqrt"),
  exp: callOne("exp"),
  log: callOne("log"),
};

const reserved = new Set(
  [
    "await break case catch class const continue debugger default delete do else enum export extends false finally for",
    "function if implements import in instanceof interface let new null package private protected public return static",
    "super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity Math given t",
  ]
    .join(" ")
    .split(" "),
);

const local = (hyper: string): string => (reserved.has(hyper) ? `${hyper}_` : hyper);

function print(expr: UniformExpr, least = 0): string {
  if (expr.kind === "number") return String(expr.value);
  if (expr.kind === "step") return "t";
  if (expr.kind === "hyper") return local(expr.name);
  const { text, level, args } = spellings[expr.fn];
  const printed = text.replace(/\$(\d)/g, (_, index: string) => {
    const argument = expr.args[Number(index)];
    return argument === undefined ? "" : print(argument, args?.[Number(index)] ?? level);
  });
  return level < least ? `(${printed})` : printed;
}

/** The body of `computeUniforms(given, t)`: hypers and step to what the kernels take. */
export function uniformStatements(plan: Plan): string[] {
  const schedules = new Map(plan.schedules.map(({ name, expr }) => [name, expr]));
  const expressions = [...plan.uniforms, ...plan.schedules].map(({ expr }) => expr);
  const used = new Set(expressions.flatMap(hypersIn));
  const numbers = plan.hypers.filter(({ name, default: value }) => value !== null && used.has(name));
  return [
    ...numbers.map(({ name }) => `const ${local(name)} = given[${JSON.stringify(name)}]!;`),
    ...[...schedules].map(
      ([name, expr]) => `const ${local(name)} = given[${JSON.stringify(name)}] ?? ${print(expr, OR)};`,
    ),
    "return {",
    ...plan.uniforms.map(({ name, expr }) => {
      const value = print(expr);
      return value === name ? `  ${name},` : `  ${name}: ${value},`;
    }),
    "};",
  ];
}

/** Whether an expression changes from step to step by itself. */
export function readsStep(expr: UniformExpr): boolean {
  return expr.kind === "step" || (expr.kind === "apply" && expr.args.some(readsStep));
}

function hypersIn(expr: UniformExpr): string[] {
  if (expr.kind === "hyper") return [expr.name];
  return expr.kind === "apply" ? expr.args.flatMap(hypersIn) : [];
}
