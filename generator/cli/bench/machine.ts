import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { ownPackage } from "../package-root.js";

/** Where and of what a measurement was made. */
export interface Circumstances {
  /** ISO 8601, UTC */
  readonly date: string;
  readonly version: string;
  /** Abbreviated hash; ends in + where tracked files differed from it; "unknown" outside of a checkout. */
  readonly commit: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
}

export function describeCircumstances(): Circumstances {
  const { root, version } = ownPackage();
  return {
    date: new Date().toISOString(),
    version,
    commit: describeCommit(root),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
  };
}

function describeCommit(root: string): string {
  // An installed package lies in a repository of the user's.
  if (!existsSync(join(root, ".git"))) return "unknown";
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
