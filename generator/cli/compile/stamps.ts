import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFiles } from "../output/files.js";
import type { Job, Tool } from "./compiler.js";

/** What each compiled file of a package was made of, so that nothing is compiled twice. Like them, it is not committed. */
const stampName = ".compiled";

export type Stamps = ReadonlyMap<string, string>;

/** A line `<hash> <output>` for each; a file that is no such list counts as empty. */
export function readStamps(folder: string): Stamps {
  const path = join(folder, stampName);
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").matchAll(/^([\da-f]{64}) (.+)$/gm);
  return new Map([...lines].map(([, hash = "", output = ""]) => [output, hash]));
}

export function writeStamps(folder: string, stamps: Stamps): void {
  const lines = [...stamps].sort().map(([output, hash]) => `${hash} ${output}\n`);
  writeFiles([{ path: join(folder, stampName), data: lines.join("") }]);
}

/** SHA-256 of the sources, one after the other. */
export function hashSources(folder: string, { sources }: Job): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(join(folder, source)));
  return hash.digest("hex");
}

/** Of the sources, the tool and its arguments. */
export function stampOf(folder: string, job: Job, { command, version }: Tool): string {
  const args = job.args(job.sources[0], job.output, hashSources(folder, job));
  return createHash("sha256")
    .update(JSON.stringify([command, version, args]))
    .digest("hex");
}
