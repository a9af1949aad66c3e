import type { Diagnostic, Position } from "../diagnostics.js";
import type { Assignment, Ast } from "./ast.js";
import { parse } from "./grammar.js";

type Parsed<T> = { readonly ast: T } | { readonly diagnostic: Diagnostic };

/** The text of an update rule to its assignments. `place` maps an offset in the text to the spec file. */
export function parseRule(text: string, place: (offset: number) => Position): Parsed<readonly Assignment[]> {
  return parseAs("Rule", text, place);
}

/** The text of one expression. */
export function parseExpression(text: string, place: (offset: number) => Position): Parsed<Ast> {
  return parseAs("LoneExpression", text, place);
}

function parseAs<T>(startRule: "Rule" | "LoneExpression", text: string, place: (offset: number) => Position): Parsed<T> {
  try {
    return { ast: parse(text, { startRule }) as T };
  } catch (error) {
    if (!isSyntaxError(error)) throw error;
    const expected = [...new Set(error.expected.map(describe).filter((word) => word !== ""))];
    return {
      diagnostic: {
        code: "E301",
        position: place(error.location.start.offset),
        message: error.found === null ? "the expression ends too early" : `unexpected ${JSON.stringify(error.found)}`,
        remedy: `expected ${expected.join(", ")}`,
      },
    };
  }
}

interface Expectation {
  readonly type: string;
  readonly description?: string;
  readonly text?: string;
}

interface SyntaxErrorLike {
  readonly expected: readonly Expectation[];
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

function isSyntaxError(error: unknown): error is SyntaxErrorLike {
  return error instanceof Error && "location" in error && "expected" in error;
}

function describe(expectation: Expectation): string {
  if (expectation.type === "end") return "the end";
  if (expectation.type === "literal") return JSON.stringify(expectation.text);
  return expectation.description === "blank space" ? "" : (expectation.description ?? "");
}
