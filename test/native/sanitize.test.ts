import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canRun } from "./support.js";

const root = join(import.meta.dirname, "../..");
const library = (name: string): string =>
  execFileSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();

/** Node itself is not built with the sanitizers, so they are loaded before it; what it leaks at its end is its own. */
describe.runIf(canRun && process.platform === "linux")(
  "with AddressSanitizer and UndefinedBehaviorSanitizer",
  () => {
    test("the addon does all of the other tests", { timeout: 300_000 }, () => {
      const out = mkdtempSync(join(tmpdir(), "lowbit-sanitize-"));
      try {
        const script = join(root, "runtime", "native", "build.mjs");
        execFileSync(process.execPath, [script, "--required", "--sanitize", "--out", out]);
        const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
        const files = ["launch", "failures", "memory", "arrays"].map((name) => `test/native/${name}.test.ts`);
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [vitest, "run", ...files, "-t", "^(?!.*(10,000|no longer needed))"],
          {
            cwd: root,
            encoding: "utf8",
            env: {
              ...process.env,
              LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`,
              ASAN_OPTIONS: "detect_leaks=0",
              UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
              LOWBIT_ADDON: join(out, "lowbit.node"),
            },
          },
        );
        expect({ status, said: status === 0 ? "" : `${stdout}${stderr}` }).toEqual({ status: 0, said: "" });
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    });
  },
);
