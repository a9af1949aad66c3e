import type { Diagnostic, Position } from "../diagnostics.js";
import { hintFor, openBracket, trailingOperator } from "./hints.js";

export type Place = (offset: number) => Position;
export type StartRule = "Rule" | "LoneExpression";

/** What the parser throws. */
export interface SyntaxErrorLike {
  readonly expected: readonly {
    readonly type: string;
    readonly description?: string;
    readonly text?: string;
  }[];
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}

export function isBlank(text: string): boolean {
  return text.replace(/#[^\n]*/g, "").trim() === "";
}

/** Of what was not expected; of the last character where the text ends too early. */
export function offsetOf({ found, location }: SyntaxErrorLike, text: string): number {
  return found === null ? text.trimEnd().length : location.start.offset;
}

export function describe(
  error: SyntaxErrorLike,
  text: string,
  place: Place,
  startRule: StartRule,
): Diagnostic {
  const code = "E301";
  if (isBlank(text)) {
    return {
      code,
      position: place(0),
      message: "there is nothing to compute",
      remedy: defaultRemedies[startRule],
    };
  }
  const offset = offsetOf(error, text);
  const found = error.found === null ? "the expression ends too early" : `unexpected ${wordAt(text, offset)}`;
  const remedy = remedyFor(text, offset, error.found === null, place) ?? defaultRemedies[startRule];
  return { code, position: place(offset), message: `${found}: expected ${expectedOf(error)}`, remedy };
}

const defaultRemedies: Record<StartRule, string> = {
  Rule: "a line is name = expression, of numbers, names, + - * / ^ and functions, as in p = p - lr*g",
  LoneExpression: "a hyper is a number, or one expression of numbers, t, hypers, + - * / ^ and functions",
};

function remedyFor(text: string, offset: number, ended: boolean, place: Place): string | undefined {
  const before = text.slice(0, offset).trimEnd();
  const isNewLine = place(Math.max(0, before.length - 1)).line < place(offset).line;
  if (!ended && isNewLine && !text.slice(before.length, offset).includes("\n")) {
    return "its line break was folded into a blank: begin the rule with `update: |`";
  }
  const open = openBracket(text, offset);
  if (open !== undefined && (ended || text.slice(open, offset).includes("\n"))) {
    const { line, column } = place(open);
    return `close the ( of line ${line}, column ${column}`;
  }
  if (ended) return undefined;
  if (text[offset] === ")" && open === undefined) return "remove it, or open a ( before it";
  if (trailingOperator(text, offset) !== undefined)
    return "the line before ends with an operator, so this one continues it";
  return hintFor(text, offset);
}

/** `"beta"`, or one character. */
function wordAt(text: string, offset: number): string {
  return JSON.stringify(/^(?:\w+|[-+*/<>=!]=|&&|\|\||.|\s)/u.exec(text.slice(offset))?.[0] ?? "");
}

/** `an operator, "," or ")"` */
function expectedOf({ expected }: SyntaxErrorLike): string {
  const words = new Set(
    expected.map(({ type, description, text }) =>
      type === "end" ? "the end" : (description ?? JSON.stringify(text)),
    ),
  );
  const wanted = [
    ...(words.has("a number") ? ["a value"] : words.has("a name") ? ["a name"] : []),
    ...["an operator", "a line break", "=", '","', '")"', "the end"].filter((word) => words.has(word)),
  ];
  return wanted.length < 2
    ? (wanted[0] ?? "something else")
    : `${wanted.slice(0, -1).join(", ")} or ${wanted.at(-1)}`;
}
