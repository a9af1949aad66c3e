import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This package as it is installed, or as it is checked out. */
export interface OwnPackage {
  /** Absolute. */
  readonly root: string;
  readonly version: string;
}

/** The nearest folder above this file that is the package: one level apart in sources and in dist/. */
export function ownPackage(): OwnPackage {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (!existsSync(path)) continue;
    const { name, version } = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    if (name === "lowbit-gen" && version !== undefined) return { root: folder, version };
  }
  throw new Error(`no package.json of lowbit-gen above ${start}: install the package anew`);
}
