/** Drives the built command line as its users do: another process, its exit code and its two streams. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const main = join(root, "dist", "generator", "cli", "main.js");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for each test file, removed in the end. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), "lowbit-cli-"));

  constructor() {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Outcome {
    const options = { cwd: this.folder, env: { ...process.env, ...env }, encoding: "utf8" } as const;
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [main, ...args], options);
    if (error !== undefined) throw error;
    return { code: status, stdout, stderr };
  }

  write(path: string, data: string | Uint8Array): string {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), data);
    return path;
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** Every file below a folder, with its text. */
  snapshot(path = "."): Record<string, string> {
    const start = join(this.folder, path);
    const entries = readdirSync(start, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const named = files.map((file) => [
      relative(start, file).replaceAll("\\", "/"),
      readFileSync(file, "utf8"),
    ]);
    return Object.fromEntries(named.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
  }
}

/** A spec of this repository. */
export const shipped = (name: string): string => join(root, "spec", `${name}.yaml`);

/** A small valid spec with what a test changes. */
export function specText(changes: Partial<Record<"name" | "states" | "update", string>> = {}): string {
  const {
    name = "tiny",
    states,
    update,
  } = {
    states: "  m: { bits: 4, signed: true, mapping: dynamic, normalize: { block: 32 }, min_size: 0 }",
    update: "  m = 0.9*m + g\n  p = p - lr*m",
    ...changes,
  };
  return `name: ${name}\nhyper:\n  lr: 0.1\nstates:\n${states}\nupdate: |\n${update}\n`;
}
