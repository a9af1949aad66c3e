import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, data);
    }
    for (const { path, temporary } of staged) renameSync(temporary, path);
  } finally {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  }
}

/** Whether something other than a file is there. */
export function isNoFile(path: string): boolean {
  return existsSync(path) && !lstatSync(path).isFile();
}
