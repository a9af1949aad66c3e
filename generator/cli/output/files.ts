import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../errors.js";

export interface NewFile {
  /** On this machine. */
  readonly path: string;
  readonly data: string | Uint8Array;
}

/** Writes all files or none: each under a temporary name beside its place, then all renamed. */
export function writeFiles(files: readonly NewFile[]): void {
  const staged: { readonly path: string; readonly temporary: string }[] = [];
  try {
    for (const { path, data } of files) {
      const temporary = `${path}.${process.pid}.tmp`;
      ensureFolder(dirname(path));
      staged.push({ path, temporary });
      writeFileSync(temporary, data);
    }
    for (const { path, temporary } of staged) renameSync(temporary, path);
  } finally {
    for (const { temporary } of staged) if (existsSync(temporary)) rmSync(temporary);
  }
}

/** Makes a folder with those above it. (mkdir's own `recursive` never returns below /proc.) */
export function ensureFolder(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return;
    throw new UserError(`${path} is a file, and a folder is needed there: choose another place`);
  }
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
