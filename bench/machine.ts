import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { dirname } from "node:path";

/** The checkout, absolute. */
export const root = dirname(createRequire(import.meta.url).resolve("lowbit-gen/package.json"));

/** Where and of what a measurement was made. */
export interface Circumstances {
  /** ISO 8601, UTC */
  readonly date: string;
  /** Abbreviated hash; ends in + where tracked files differed from it. */
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
}

export function describeCircumstances(): Circumstances {
  return {
    date: new Date().toISOString(),
    commit: describeCommit(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

function describeCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    // Earlier results do not make a checkout another one.
    const changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench");
    return `${git("rev-parse", "--short", "HEAD")}${changes === "" ? "" : "+"}`;
  } catch {
    return "unknown";
  }
}
