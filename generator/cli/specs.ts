import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Diagnostic, formatDiagnostic, type Result } from "../diagnostics.js";
import type { Plan } from "../lower/plan.js";
import { systemReason, UserError } from "./errors.js";

/** The text of a spec file. A file that cannot be read is a diagnostic like any other: E101, at 1:1. */
export function readSpec(path: string): Result<string> {
  try {
    return { ok: true, value: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    const reason = error instanceof TypeError ? "it is not UTF-8 text" : systemReason(error);
    if (reason === undefined) throw error;
    return { ok: false, diagnostics: [unreadable(path, reason)] };
  }
}

function unreadable(path: string, reason: string): Diagnostic {
  const remedy = path.includes("*")
    ? "the shell passes a pattern on as it is where no file matches it: check the folder"
    : "check the path; `lowbit-gen init NAME` writes a spec to start from";
  return {
    code: "E101",
    position: { line: 1, column: 1 },
    message: `cannot read ${path}: ${reason}`,
    remedy,
  };
}

/** A spec file with what became of it. */
export interface SpecFile {
  readonly path: string;
  readonly plan: Plan;
}

/** Reads and resolves every file. Prints the diagnostics of all that fail to stderr; null where any did. */
export async function resolveFiles(paths: readonly string[]): Promise<SpecFile[] | null> {
  const results = await resolveEach(paths);
  const failed = results.flatMap(({ path, result }) => (result.ok ? [] : [{ path, ...result }]));
  for (const { path, diagnostics } of failed) reportDiagnostics(path, diagnostics);
  if (failed.length > 0) return null;
  return results.flatMap(({ path, result }) => (result.ok ? [{ path, plan: result.value }] : []));
}

/** Reads and resolves every file, in the order given. */
export async function resolveEach(paths: readonly string[]) {
  const { resolve } = await import("../resolve.js");
  return paths.map((path): { readonly path: string; readonly result: Result<Plan> } => {
    const text = readSpec(path);
    return { path, result: text.ok ? resolve(text.value) : text };
  });
}

export function reportDiagnostics(path: string, diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) process.stderr.write(`${formatDiagnostic(path, diagnostic)}\n`);
}

/**
 * Every spec in a folder.
 *
 * @throws {UserError} where there is none
 */
export function findSpecs(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter(
      (name) => /\.(ya?ml|json)$/.test(name) && !/\.schema\.json$/.test(name),
    );
    if (names.length > 0) return names.sort().map((name) => join(folder, name));
  } catch (error) {
    if (systemReason(error) === undefined) throw error;
  }
  throw new UserError(`there are no specs in ${folder}/: name some, or write one with lowbit-gen init NAME`);
}
