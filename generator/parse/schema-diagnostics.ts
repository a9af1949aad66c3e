import type { core } from "zod";
import { optimizerSchema, stateSchema } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import { suggest } from "../nearest.js";
import type { Path, Source } from "./source.js";

/** zod's issues as diagnostics at their places in the text. */
export function schemaDiagnostics(
  issues: readonly core.$ZodIssue[],
  root: unknown,
  source: Source,
): Diagnostic[] {
  return issues.flatMap((issue) => diagnose(issue, [], root, source));
}

function diagnose(issue: core.$ZodIssue, prefix: Path, root: unknown, source: Source): Diagnostic[] {
  const path = [...prefix, ...issue.path].filter((part) => typeof part !== "symbol");
  const position = source.at(path);
  const name = path.join(".") || "the spec";
  const found = show(valueAt(root, path));

  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        code: "E201",
        position: source.key([...path, key]),
        message: `unknown key ${key}${path.length > 0 ? ` in ${name}` : ""}`,
        remedy: suggest(key, knownKeys(path)),
      }));
    case "invalid_union": {
      const inner = closestBranch(issue.errors);
      if (inner !== undefined) return inner.flatMap((nested) => diagnose(nested, path, root, source));
      return [missing(path, root, source) ?? { code: "E203", position, message: `${name} is ${found}`, remedy: issue.message }];
    }
    case "invalid_key":
      return [{ code: "E205", position: source.key(path), message: `${path.at(-1)} cannot be a name`, remedy: firstMessage(issue.issues) }];
    case "invalid_format":
      return [{ code: "E205", position, message: `${name} is ${found}`, remedy: issue.message }];
    case "too_small":
    case "too_big":
      return [{ code: "E204", position, message: `${name} is ${found}`, remedy: bounds(issue) }];
    case "invalid_value":
      return [{ code: "E203", position, message: `${name} is ${found}`, remedy: suggest(String(valueAt(root, path)), issue.values.map(String)) }];
    default: {
      const absent = missing(path, root, source);
      if (absent !== undefined) return [absent];
      const expected = issue.code === "invalid_type" ? `expected ${describeType(issue.expected)}` : issue.message;
      return [{ code: "E203", position, message: `${name} is ${found}`, remedy: expected }];
    }
  }
}

function missing(path: Path, root: unknown, source: Source): Diagnostic | undefined {
  if (path.length === 0 || valueAt(root, path) !== undefined) return undefined;
  const parent = path.slice(0, -1);
  return {
    code: "E202",
    position: source.at(parent),
    message: `${parent.length > 0 ? parent.join(".") : "the spec"} has no ${path.at(-1)}`,
    remedy: `add ${path.at(-1)}:`,
  };
}

/** A branch of a union that the value plainly meant: one whose own keys it has, failing only further down. */
function closestBranch(branches: readonly (readonly core.$ZodIssue[])[]): readonly core.$ZodIssue[] | undefined {
  const deep = branches.filter((issues) => issues.length > 0 && issues.every((issue) => issue.path.length > 0));
  const meant = deep.filter((issues) => issues.every((issue) => issue.input !== undefined));
  return meant.length === 1 ? meant[0] : undefined;
}

function bounds(issue: core.$ZodIssueTooSmall | core.$ZodIssueTooBig): string {
  if (issue.message && !issue.message.startsWith("Too")) return issue.message;
  return issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
}

function firstMessage(issues: readonly core.$ZodIssue[]): string {
  return issues[0]?.message ?? "choose another name";
}

function knownKeys(path: Path): string[] {
  if (path.length === 0) return Object.keys(optimizerSchema.shape);
  if (path.length === 2 && path[0] === "states") return Object.keys(stateSchema.shape);
  const byKey: Record<string, string[]> = {
    linear: ["zero"],
    float: ["exponent"],
    log: ["quantile"],
    normalize: ["block"],
    param: ["dtype", "rounding", "master"],
  };
  return byKey[String(path.at(-1))] ?? [];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    root,
  );
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function describeType(expected: string): string {
  const words: Record<string, string> = { record: "a mapping", object: "a mapping", array: "a list", int: "a whole number" };
  return words[expected] ?? `a ${expected}`;
}
