import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { MathMode, Plan } from "../../lower/plan.js";
import { writeFiles } from "../output/files.js";
import type { Job, Tool } from "./compiler.js";

/** What each compiled file of a package was made of, so that nothing is compiled twice. Like them, it is not committed. */
const stampName = ".compiled";

export interface Stamp {
  readonly hash: string;
  /** Relative to the package's folder. */
  readonly source: string;
}

/** By output. */
export type Stamps = ReadonlyMap<string, Stamp>;

/** A line `<hash> <source> <output>` for each; a file that is no such list counts as empty. */
export function readStamps(folder: string): Stamps {
  const path = join(folder, stampName);
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, "utf8").matchAll(/^([\da-f]{64}) (\S+) (\S+)$/gm);
  return new Map([...lines].map(([, hash = "", source = "", output = ""]) => [output, { hash, source }]));
}

export function writeStamps(folder: string, stamps: Stamps): void {
  const path = join(folder, stampName);
  const lines = [...stamps].sort().map(([output, { hash, source }]) => `${hash} ${source} ${output}\n`);
  if (lines.length === 0) rmSync(path, { force: true });
  else writeFiles([{ path, data: lines.join("") }]);
}

/** SHA-256 of the sources, one after the other. */
export function hashSources(folder: string, { sources }: Job): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(join(folder, source)));
  return hash.digest("hex");
}

/** Of the plan that a package was made of; exact where there is none. */
export function mathOf(folder: string): MathMode {
  const path = join(folder, "plan.json");
  if (!existsSync(path)) return "exact";
  return (JSON.parse(readFileSync(path, "utf8")) as Pick<Plan, "math">).math;
}

/** Of the sources, the tool and its arguments. */
export function stampOf(folder: string, job: Job, { command, version }: Tool): Stamp {
  const [source] = job.sources;
  const contents = hashSources(folder, job);
  const args = job.args(source, job.output, contents, mathOf(folder));
  const hash = createHash("sha256").update(JSON.stringify([command, version, contents, args]));
  return { hash: hash.digest("hex"), source };
}

/** Removes what was compiled of sources that are gone; the paths that were removed. */
export function removeOrphans(folder: string): string[] {
  const stamps = [...readStamps(folder)];
  const kept = stamps.filter(([, { source }]) => existsSync(join(folder, source)));
  if (kept.length === stamps.length) return [];
  const outputs = stamps.filter((stamp) => !kept.includes(stamp)).map(([output]) => join(folder, output));
  for (const path of outputs.flatMap((output) => [output, `${output}.json`])) rmSync(path, { force: true });
  writeStamps(folder, new Map(kept));
  return outputs;
}
