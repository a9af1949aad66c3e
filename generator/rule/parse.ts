import type { Diagnostic } from "../diagnostics.js";
import type { Assignment, Ast } from "./ast.js";
import { parse } from "./grammar.js";
import { openBracket, trailingOperator } from "./hints.js";
import {
  describe,
  isBlank,
  offsetOf,
  type Place,
  type StartRule,
  type SyntaxErrorLike,
} from "./syntax-errors.js";

type Parsed<T> = { readonly ast: T } | { readonly diagnostics: readonly Diagnostic[] };

/** The text of an update rule to its assignments. `place` maps an offset in the text to the spec file. */
export function parseRule(text: string, place: Place): Parsed<readonly Assignment[]> {
  const diagnostics: Diagnostic[] = [];
  let rest = text;
  for (;;) {
    const parsed = parseAs<readonly Assignment[]>("Rule", rest);
    if ("ast" in parsed && diagnostics.length === 0) return parsed;
    if ("ast" in parsed || (isBlank(rest) && diagnostics.length > 0)) return { diagnostics };
    diagnostics.push(describe(parsed.error, rest, place, "Rule"));
    if (isBlank(rest)) return { diagnostics };
    rest = withoutMistake(rest, offsetOf(parsed.error, rest));
  }
}

/** The text of one expression. */
export function parseExpression(text: string, place: Place): Parsed<Ast> {
  const parsed = parseAs<Ast>("LoneExpression", text);
  return "ast" in parsed ? parsed : { diagnostics: [describe(parsed.error, text, place, "LoneExpression")] };
}

function parseAs<T>(
  startRule: StartRule,
  text: string,
): { readonly ast: T } | { readonly error: SyntaxErrorLike } {
  try {
    return { ast: parse(text, { startRule }) as T };
  } catch (error) {
    if (!isSyntaxError(error)) throw error;
    return { error };
  }
}

/** Blanks where the mistake is, so that the other lines can be read. */
function withoutMistake(text: string, offset: number): string {
  const lineOf = (at: number): number => text.slice(0, at).split("\n").length - 1;
  const last = lineOf(offset);
  const first = lineOf(openBracket(text, offset) ?? trailingOperator(text, offset) ?? offset);
  const isNextRead = first < last && offset < text.trimEnd().length;
  const isMistake = (line: number): boolean => line >= first && (isNextRead ? line < last : line <= last);
  return text
    .split("\n")
    .map((line, index) => (isMistake(index) ? " ".repeat(line.length) : line))
    .join("\n");
}

function isSyntaxError(error: unknown): error is SyntaxErrorLike {
  return error instanceof Error && "location" in error && "expected" in error;
}
