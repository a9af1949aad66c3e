import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface NewFile {
  /** On this machine. */
  readonly path: string;
  readonly data: string | Uint8Array;
}

/** Writes all files or none: each under a temporary name beside its place, then all renamed. */
export function writeFiles(files: readonly NewFile[]): void {
  const staged = files.map((file) => ({ ...file, temporary: `${file.path}.${process.pid}.tmp` }));
  try {
    for (const { path, temporary, data } of staged) {
      ensureFolder(dirname(path));
      writeFileSync(temporary, data);
    }
    for (const { path, temporary } of staged) renameSync(temporary, path);
  } finally {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  }
}

/** Makes a folder with those above it. (mkdir's own `recursive` never returns below /proc.) */
export function ensureFolder(path: string): void {
  if (existsSync(path)) return;
  ensureFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}

/** Whether something other than a file is there. */
export function isNoFile(path: string): boolean {
  return existsSync(path) && !statSync(path).isFile();
}
