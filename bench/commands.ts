import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPackage } from "../generator/cli/package-root.js";
import { type Figure, figure } from "./figures.js";

const SAMPLES = 5;
const { root } = ownPackage();

/** From the start of the process to its end, with the disk's cache warm. */
export function measureCommands(): Figure[] {
  const folder = join(root, "spec");
  const specs = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  const paths = specs.sort().map((name) => join(folder, name));
  const temporary = mkdtempSync(join(tmpdir(), "lowbit-bench-"));
  const out = join(temporary, "generated");
  const all = `${paths.length} specs`;
  const time = (what: string, goal: string, args: readonly string[], prepare: () => void): Figure => {
    const sample = (): number => {
      prepare();
      return timeProcess(args);
    };
    sample();
    return figure("commands", what, "ms", Array.from({ length: SAMPLES }, sample), goal);
  };
  const nothing = (): void => {};
  const build = ["build", ...paths, "--out", out];
  try {
    return [
      time(`build, ${all}, all targets, not compiled`, "< 2,000", [...build, "--no-compile"], () => {
        rmSync(out, { recursive: true, force: true });
      }),
      time(`build, ${all}, nothing changed`, "< 2,000", build, nothing),
      time(`check, ${all}`, "< 400", ["check", ...paths], nothing),
      time("explain adamw-4bit-block", "< 400", ["explain", join(folder, "adamw-4bit-block.yaml")], nothing),
    ];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @returns milliseconds */
function timeProcess(args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, "dist", "generator", "cli", "main.js"), ...args],
    { cwd: root, encoding: "utf8" },
  );
  const elapsed = performance.now() - started;
  if (status !== 0) throw new Error(`lowbit-gen ${args[0]} failed:\n${stderr}`);
  return elapsed;
}
