import type { core } from "zod";
import { nearest } from "../nearest.js";
import { knownKeys } from "./schema-guide.js";
import type { Path } from "./source.js";

/** What the schema found wrong at a path; `allowed` is the schema's own sentence. */
export type Finding =
  | {
      readonly kind: "unknown";
      readonly path: Path;
      readonly key: string;
      readonly meant: string | undefined;
    }
  | { readonly kind: "missing"; readonly path: Path; readonly key: string; readonly allowed: string }
  | { readonly kind: "name"; readonly path: Path; readonly allowed: string }
  | { readonly kind: "value"; readonly path: Path; readonly outOfRange: boolean; readonly allowed: string };

type Issue = core.$ZodIssue;
type UnionIssue = core.$ZodIssueInvalidUnion;

export function findingsOf(issues: readonly Issue[], root: unknown): Finding[] {
  const findings = issues.flatMap((issue) => convert(issue, [], root));
  return findings.filter((finding, index) => !isEcho(finding, findings, index));
}

/** A number that breaks two bounds, a missing key and a key that looks like it: each pair is one mistake. */
function isEcho(finding: Finding, findings: readonly Finding[], index: number): boolean {
  const beside = (other: Finding): boolean => other.path.join() === finding.path.join();
  if (finding.kind === "value")
    return findings.slice(0, index).some((other) => other.kind === "value" && beside(other));
  return (
    finding.kind === "missing" &&
    findings.some((other) => other.kind === "unknown" && other.meant === finding.key && beside(other))
  );
}

function convert(issue: Issue, prefix: Path, root: unknown): Finding[] {
  const path = [...prefix, ...issue.path].filter((part) => typeof part !== "symbol");
  const value = valueAt(root, path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknown(path, key));
  if (issue.code === "invalid_key") return [{ kind: "name", path, allowed: issue.issues[0]?.message ?? "" }];
  if (value === undefined) {
    return [{ kind: "missing", path: path.slice(0, -1), key: String(path.at(-1)), allowed: issue.message }];
  }
  if (issue.code === "invalid_union") return convertUnion(issue, path, value, root);
  if (issue.code === "invalid_format" && path.join() === "name") {
    return [{ kind: "name", path, allowed: issue.message }];
  }
  return [{ kind: "value", path, outOfRange: isRange(issue), allowed: issue.message }];
}

/** The branch that a mapping or a list plainly meant tells what is wrong inside it; else the union speaks as a whole. */
function convertUnion({ errors, message }: UnionIssue, path: Path, value: unknown, root: unknown): Finding[] {
  const entered = errors.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys"),
  );
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value);
    const known = (issues: readonly Issue[]): number => {
      const foreign = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
      return keys.filter((key) => !foreign.includes(key)).length;
    };
    const [meant] = [...entered].sort((a, b) => known(b) - known(a));
    if (meant !== undefined && known(meant) > 0) return meant.flatMap((issue) => convert(issue, path, root));
    if (meant !== undefined && keys.length > 0) return keys.map((key) => unknown(path, key));
  }
  const outOfRange = errors.flat().some((issue) => issue.path.length === 0 && isRange(issue));
  return [{ kind: "value", path, outOfRange, allowed: message }];
}

function unknown(path: Path, key: string): Finding {
  return { kind: "unknown", path, key, meant: nearest(key, knownKeys(path)) };
}

function isRange(issue: Issue): boolean {
  return (issue.code === "too_small" || issue.code === "too_big") && issue.origin !== "array";
}

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    root,
  );
}
