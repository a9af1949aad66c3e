import { type Document, isNode, isScalar, type LineCounter, visit, type YAMLError } from "yaml";
import type { Diagnostic, Position } from "../diagnostics.js";

type Code = YAMLError["code"];

/** What to do about each of the parser's complaints; what is not listed is rare. */
const remedies: Partial<Record<Code, string>> = {
  BAD_ALIAS: "put the value in quotes if its * or & is meant as text",
  BAD_DIRECTIVE: "remove the line that starts with %",
  BAD_DQ_ESCAPE: "between double quotes write \\\\ for a backslash",
  BAD_INDENT: "indent all keys of one mapping alike, and what belongs to them further",
  BAD_SCALAR_START: "put the value in quotes",
  BLOCK_AS_IMPLICIT_KEY: "put a value that holds a colon in quotes",
  BLOCK_IN_FLOW: "inside { } write key: value pairs with commas between them",
  MISSING_CHAR: "check that each { [ and quote is closed, and that commas separate entries",
  MULTILINE_IMPLICIT_KEY: "put a colon and a blank after each key, as in `lr: 1e-3`",
  MULTIPLE_DOCS: "a file holds one spec: move what follows --- to a file of its own",
  TAB_AS_INDENT: "indent with blanks",
  TAG_RESOLVE_FAILED: "remove the tag, or put the value in quotes if its ! is meant as text",
};

/** The first place where the text is not YAML: what follows it is mostly its consequence. */
export function syntaxDiagnostic(
  text: string,
  document: Document,
  lines: LineCounter,
): Diagnostic | undefined {
  const [error] = [...document.errors, ...document.warnings];
  if (error === undefined) return undefined;
  const { message, pos } = error;
  const language = text.trimStart().startsWith("{") ? "JSON" : "YAML";
  const quote = /closing .quote/.test(message) ? openQuote(document) : undefined;
  const found = quote === undefined ? plain(message) : "this quote is not closed";
  return {
    code: "E102",
    position: place(lines, quote ?? pos[0]),
    message: `not ${language}: ${found}`,
    remedy:
      remedies[meaningOf(error, language, text)] ??
      "`lowbit-gen init NAME` writes a valid spec to compare with",
  };
}

/** The code of a complaint, where another one tells more. */
function meaningOf({ code, message, pos }: YAMLError, language: string, text: string): Code {
  if (code === "BAD_INDENT" && text[pos[0]] === "\t") return "TAB_AS_INDENT";
  const isOpen = message.includes("end with a") || (language === "JSON" && code === "MULTILINE_IMPLICIT_KEY");
  return isOpen ? "MISSING_CHAR" : code;
}

/** Keys that stand twice in their mapping, and the one that JavaScript keeps for itself. */
export function keyDiagnostics(document: Document, lines: LineCounter): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  visit(document, {
    Map(_, { items }) {
      const first = new Map<string, Position>();
      for (const { key } of items) {
        const position = place(lines, (isNode(key) ? key.range?.[0] : undefined) ?? 0);
        if (!isScalar(key) || key.value === null) {
          const found = isScalar(key) ? "empty" : "a mapping or a list";
          diagnostics.push({
            code: "E205",
            position,
            message: `a key is ${found}`,
            remedy: "a key is a name, followed by a colon",
          });
          continue;
        }
        const name = String(key.value);
        const earlier = first.get(name);
        if (earlier !== undefined) {
          const remedy = `the first is at line ${earlier.line}, column ${earlier.column}: keep one of them`;
          diagnostics.push({ code: "E103", position, message: `${name} is given twice`, remedy });
        } else if (name === "__proto__") {
          diagnostics.push({
            code: "E205",
            position,
            message: `${name} cannot be a name`,
            remedy: "choose another name",
          });
        }
        first.set(name, earlier ?? position);
      }
    },
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      const position = place(lines, alias.range?.[0] ?? 0);
      const message = `not YAML: *${alias.source} refers to nothing`;
      diagnostics.push({
        code: "E102",
        position,
        message,
        remedy: `write &${alias.source} before the value meant, or the value itself`,
      });
    },
  });
  return diagnostics;
}

function place(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The parser's words for { }, [ ] and | in the spec's. */
function plain(message: string): string {
  return message
    .replace("Flow map in block collection", "a mapping in { }")
    .replace("Flow sequence in block collection", "a list in [ ]")
    .replaceAll("Flow map", "a mapping in { }")
    .replaceAll("Flow sequence", "a list in [ ]")
    .replaceAll("flow map", "{ }")
    .replaceAll("flow sequence", "[ ]")
    .replace(
      "Source contains multiple documents; please use YAML.parseAllDocuments()",
      "a second document begins here",
    )
    .replace("Block scalar lines", "lines after | or >")
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function openQuote(document: Document): number | undefined {
  let start: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      if (type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE") start = range?.[0];
    },
  });
  return start;
}
