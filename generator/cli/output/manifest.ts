import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "../../target.js";
import { UserError } from "../errors.js";

/** Which files of a package's folder `build` wrote, so that it never removes another. */
export const manifestName = ".lowbit-gen.json";

/** Paths relative to the package's folder, with /, to the SHA-256 of what was written. */
export type Manifest = ReadonlyMap<string, string>;

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

export function printManifest(files: readonly SourceFile[]): string {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const hashes = Object.fromEntries(sorted.map(({ path, text }) => [path, sha256(text)]));
  return `${JSON.stringify({ writtenBy: "lowbit-gen build", files: hashes }, null, 2)}\n`;
}

/** The manifest of a package's folder; empty where there is none. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestName);
  if (!existsSync(path)) return new Map();
  const files = parseFiles(readFileSync(path, "utf8"));
  if (files === undefined) {
    throw new UserError(
      `${path} is not what lowbit-gen wrote, and tells which files it may replace: remove the folder ${folder}`,
    );
  }
  return files;
}

function parseFiles(text: string): Manifest | undefined {
  try {
    const { files } = JSON.parse(text) as { readonly files: Readonly<Record<string, unknown>> };
    const entries = Object.entries(files);
    const valid = entries.every(([path, hash]) => isInside(path) && typeof hash === "string");
    return valid ? new Map(entries as [string, string][]) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a path cannot lead out of the folder it is relative to. */
function isInside(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\\:]/.test(part));
}
