import { LineCounter, parseDocument } from "yaml";
import { type OptimizerSpec, optimizerSchema } from "../../spec/schema.js";
import { type Diagnostic, failure, type Result, success } from "../diagnostics.js";
import { analyze, type RuleText } from "../rule/analyze.js";
import { describeFinding } from "./schema-diagnostics.js";
import { type Finding, findingsOf } from "./schema-findings.js";
import { type Source, sourceOf } from "./source.js";
import { keyDiagnostics, syntaxDiagnostic } from "./syntax.js";

/** A spec that the schema accepts, and where its parts stand. */
export interface ParsedSpec {
  readonly spec: OptimizerSpec;
  readonly source: Source;
}

/** Text (YAML, of which JSON is a part) to a spec. */
export function parse(givenText: string): Result<ParsedSpec> {
  const text = givenText.replace(/^\uFEFF/, "");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const syntax = syntaxDiagnostic(text, document, lines);
  if (syntax !== undefined) return failure([syntax]);
  const keys = keyDiagnostics(document, lines);
  if (keys.length > 0) return failure(keys);

  const source = sourceOf(text, document, lines);
  const value: unknown = document.toJS();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return failure([notOneMapping(value, source)]);
  }
  const parsed = optimizerSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return success({ spec: parsed.data, source });
  const findings = findingsOf(parsed.error.issues, value);
  const rule = findings.every(leavesRule) ? analyze(value as RuleText, source).diagnostics : [];
  return failure([...findings.map((finding) => describeFinding(finding, value, source)), ...rule]);
}

/** Whether the update rule can be read all the same: what it is read against is whole. */
function leavesRule({ kind, path: [first, ...rest] }: Finding): boolean {
  if (first === undefined || first === "hyper" || first === "update") return false;
  return first !== "states" || (rest.length > 0 && kind !== "name");
}

function notOneMapping(value: unknown, source: Source): Diagnostic {
  const found =
    value === null || value === undefined ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
  return {
    code: "E104",
    position: source.at([]),
    message: `a spec is one mapping of keys, found ${found}`,
    remedy: "start with `name:`; `lowbit-gen init NAME` writes a commented example",
  };
}
