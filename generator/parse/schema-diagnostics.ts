import type { Diagnostic } from "../diagnostics.js";
import { nearest, suggest } from "../nearest.js";
import { type Finding, valueAt } from "./schema-findings.js";
import { knownKeys, knownWords } from "./schema-guide.js";
import type { Path, Source } from "./source.js";

/** What the schema found, at its place in the text. */
export function describeFinding(finding: Finding, root: unknown, source: Source): Diagnostic {
  const { path } = finding;
  const name = nameOf(path);
  const value = valueAt(root, path);
  switch (finding.kind) {
    case "unknown":
      return describeUnknown(finding, name, source);
    case "missing": {
      const position = path.length > 0 ? source.key(path) : source.at([]);
      const message = `${name} has no ${finding.key}`;
      return { code: "E202", position, message, remedy: `add it: ${finding.allowed}` };
    }
    case "name": {
      const isKey = value === undefined || typeof value === "object" || path.length > 1;
      const found = isKey ? show(String(path.at(-1))) : show(value);
      const position = isKey ? source.key(path) : source.at(path);
      return { code: "E205", position, message: `${found} cannot be a name`, remedy: finding.allowed };
    }
    case "value": {
      const words = knownWords(path);
      const meant = typeof value === "string" ? nearest(value, words) : undefined;
      return {
        code: finding.outOfRange ? "E204" : "E203",
        position: source.at(path),
        message: value === null ? `${name} is empty` : `${name} is ${show(value)}`,
        remedy: meant === undefined ? finding.allowed : `did you mean ${meant}? ${finding.allowed}`,
      };
    }
  }
}

function describeUnknown(
  { path, key }: Extract<Finding, { kind: "unknown" }>,
  name: string,
  source: Source,
): Diagnostic {
  const position = source.key([...path, key]);
  const keys = knownKeys(path);
  if (keys.includes(key)) {
    return {
      code: "E201",
      position,
      message: `${name} has ${key} beside another form`,
      remedy: `keep one of them`,
    };
  }
  const remedy = knownWords(path).includes(key) ? `write ${path.at(-1)}: ${key}` : suggest(key, keys);
  return { code: "E201", position, message: `unknown key ${key} in ${name}`, remedy };
}

/** states.m.mapping.table[3] */
function nameOf(path: Path): string {
  return (
    path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
      .join("")
      .slice(1) || "the spec"
  );
}

function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
