import type { Diagnostic, DiagnosticCode } from "../diagnostics.js";
import type { Path, Source } from "../parse/source.js";
import type { Ast, Span } from "./ast.js";
import type { ElementExpr, KernelShape, UniformExpr } from "./types.js";
import { evaluateUniform, formatUniform, isConstant } from "./uniform.js";

export type Type = "number" | "bool";

/** An analyzed expression. */
export type Value =
  | { readonly shape: "uniform"; readonly type: Type; readonly uniform: UniformExpr }
  | { readonly shape: KernelShape; readonly type: Type; readonly element: ElementExpr };

export type Report = (code: DiagnosticCode, span: Span, message: string, remedy: string) => void;

export interface Scope {
  /** By name; undefined where the value could not be analyzed, which has been reported. */
  readonly values: ReadonlyMap<string, Value | undefined>;
  /** Names read so far. */
  readonly used: Set<string>;
  readonly report: Report;
  /** Names that the text assigns somewhere. */
  readonly assigned: ReadonlySet<string>;
  /** Every hyper at the first step with the defaults; undefined where some are not known. */
  readonly defaults: Readonly<Record<string, number>> | undefined;
}

/** What is wrong wherever it stands, and so is said once. */
const saidOnce = new Set<DiagnosticCode>(["E302", "E303", "E312", "E501"]);

/** Reports at spans of the text at a path. */
export function reporter(source: Source, path: Path, diagnostics: Diagnostic[]): Report {
  return (code, span, message, remedy) => {
    const isRepeated =
      saidOnce.has(code) && diagnostics.some((known) => known.code === code && known.message === message);
    if (!isRepeated) diagnostics.push({ code, position: source.inside(path, span.start), message, remedy });
  };
}

/** A value as kernels compute with it. A uniform one becomes a float32 of the host's, or a constant. */
export function asElement(value: Value, ast: Ast, scope: Scope): ElementExpr {
  if (value.shape !== "uniform") return value.element;
  const { uniform } = value;
  if (scope.defaults !== undefined) {
    const number = evaluateUniform(uniform, scope.defaults, 1);
    const float = Math.fround(number);
    const text = `${formatUniform(uniform)} is ${number}`;
    const when = isConstant(uniform) ? "" : " at step 1 with the default hypers";
    if (!Number.isFinite(float)) {
      scope.report(
        "E312",
        ast.span,
        `${text}${when}`,
        "kernels compute in float32, whose numbers end at 3.4e38",
      );
    } else if (float === 0 && number !== 0) {
      scope.report(
        "E312",
        ast.span,
        `${text}${when}, and 0 as float32`,
        "float32 numbers are 0 or at least 1.4e-45 in size",
      );
    }
  }
  return { kind: "uniform", expr: uniform };
}

/** Whether a value is of the type that is needed here; reports where it is not. */
export function expectType(wanted: Type, { type }: Value, { span }: Ast, { report }: Scope): boolean {
  if (type === wanted) return true;
  if (wanted === "bool") {
    report("E306", span, "a number where a truth value is needed", "write a comparison such as t > 1");
  } else {
    report("E306", span, "a truth value where a number is needed", "write select(condition, a, b)");
  }
  return false;
}
