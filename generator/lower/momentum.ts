import type { Plan, Rounding, RuleExpr, TableCodec } from "./plan.js";
import { levelsOf } from "./tables.js";

/**
 * How large beta may be in m = beta*m + (1 - beta)*g, where m is rounded after every step.
 *
 * Each rounding adds an error of at most r of the scale, and a step keeps beta of all errors before it: what the update
 * sees is off by at most beta r + beta^2 r + ... = r beta / (1 - beta). For this to stay below a noise N,
 * beta = N / (N + r). SOLO (arXiv 2505.00347) trains with beta = 0.8 at 4 bits, dynamic, nearest: N is what that gives,
 * 4 r. Fine-tuning moves less far and sees fewer steps: there N is 9 r of the same, at which 4 bits keep the usual 0.9.
 */
export interface MomentumLimits {
  /** The greatest error of one rounding, as a part of the scale. */
  readonly error: number;
  /** The greatest beta that keeps the noise bounded when training from scratch, and when fine-tuning. */
  readonly scratch: number;
  readonly fineTuning: number;
}

const PUBLISHED = 0.8;
const USUAL = 0.9;

export function momentumLimits({
  levels,
  rounding,
}: Pick<TableCodec, "levels" | "rounding">): MomentumLimits {
  const error = roundingError(levels, rounding);
  const published = roundingError(levelsOf("dynamic", 4, true), "nearest");
  const limit = (beta: number): number => {
    const noise = (published * beta) / (1 - beta);
    return noise / (noise + error);
  };
  return { error, scratch: limit(PUBLISHED), fineTuning: limit(USUAL) };
}

/** Of n in [-1, 1]: half the widest gap, or all of it where rounding may go either way; at the ends what lies beyond. */
function roundingError(levels: readonly number[], rounding: Rounding): number {
  const gaps = levels.slice(1).map((level, index) => level - (levels[index] as number));
  const widest = Math.max(...gaps) / (rounding === "nearest" ? 2 : 1);
  return Math.max(widest, (levels[0] as number) + 1, 1 - (levels.at(-1) as number));
}

/** The uniform by which a rule keeps a state from step to step: beta in m = beta*m + ...; none in another rule. */
export function keptBy(state: string, { rule }: Plan): string | undefined {
  const terms = (expr: RuleExpr): readonly RuleExpr[] =>
    expr.kind === "apply" && expr.fn === "add" ? expr.args.flatMap(terms) : [expr];
  const statement = rule.find(({ target, role }) => role === "state" && target === state);
  if (statement === undefined || statement.value.kind === "reduce") return undefined;
  for (const term of terms(statement.value)) {
    if (term.kind !== "apply" || term.fn !== "mul") continue;
    const [a, b] = term.args;
    if (a?.kind === "uniform" && b?.kind === "value" && b.name === state) return a.name;
    if (b?.kind === "uniform" && a?.kind === "value" && a.name === state) return b.name;
  }
  return undefined;
}
