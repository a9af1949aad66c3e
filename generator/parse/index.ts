import { LineCounter, parseDocument } from "yaml";
import { type OptimizerSpec, optimizerSchema } from "../../spec/schema.js";
import { type Diagnostic, failure, type Result, success } from "../diagnostics.js";
import { schemaDiagnostics } from "./schema-diagnostics.js";
import { type Source, sourceOf } from "./source.js";

/** A spec that the schema accepts, and where its parts stand. */
export interface ParsedSpec {
  readonly spec: OptimizerSpec;
  readonly source: Source;
}

/** Text (YAML, of which JSON is a part) to a spec. */
export function parse(text: string): Result<ParsedSpec> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const source = sourceOf(text, document, lines);

  if (document.errors.length > 0) {
    return failure(
      document.errors.slice(0, 1).map(({ code, message, pos }): Diagnostic => {
        const { line, col } = lines.linePos(pos[0]);
        const position = { line: Math.max(line, 1), column: Math.max(col, 1) };
        return code === "DUPLICATE_KEY"
          ? { code: "E103", position, message: "this key is given twice in its mapping", remedy: "give each name once" }
          : { code: "E102", position, message: `not YAML: ${message}`, remedy: "see `lowbit-gen init` for a valid spec" };
      }),
    );
  }

  const value: unknown = document.toJS();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = value === null || value === undefined ? "nothing" : Array.isArray(value) ? "a list" : typeof value;
    return failure([
      {
        code: "E104",
        position: source.at([]),
        message: `a spec is one mapping of keys, found ${found}`,
        remedy: "start with `name:`; `lowbit-gen init NAME` writes a commented example",
      },
    ]);
  }

  const parsed = optimizerSchema.safeParse(value, { reportInput: true });
  return parsed.success
    ? success({ spec: parsed.data, source })
    : failure(schemaDiagnostics(parsed.error.issues, value, source));
}
