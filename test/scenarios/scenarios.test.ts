import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { outputOf } from "./output.js";

/**
 * A folder a scenario: `spec.yaml` or `spec.json`, and what becomes of it, `diagnostics.txt` or `package.txt`.
 * LOWBIT_RECORD=1 writes the second file anew; a spec that was wrong and is right, or the reverse, is never recorded.
 */
const root = fileURLToPath(new URL(".", import.meta.url));
const isRecording = process.env.LOWBIT_RECORD === "1";

const scenarios = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const outputFiles = ["diagnostics.txt", "package.txt"];
const wrong = new Set<string>();

describe.each(scenarios)("%s", (name) => {
  test("gives what is recorded", () => {
    const folder = join(root, name);
    const found = readdirSync(folder);
    const spec = found.find((file) => file === "spec.yaml" || file === "spec.json") ?? "spec.yaml";
    const output = outputOf(spec, readFileSync(join(folder, spec), "utf8"));
    if (output.file === "diagnostics.txt") wrong.add(name);

    const recorded = found.filter((file) => outputFiles.includes(file));
    if (isRecording && recorded.every((file) => file === output.file)) {
      for (const file of found) if (file !== spec) rmSync(join(folder, file));
      writeFileSync(join(folder, output.file), output.text);
    }
    expect(readdirSync(folder).sort()).toEqual([output.file, spec].sort());
    expect(output.text).toBe(readFileSync(join(folder, output.file), "utf8"));
  });
});

test("half of the scenarios or more are wrong specs, each diagnostic with its place and a remedy", () => {
  expect(wrong.size).toBeGreaterThanOrEqual(scenarios.length / 2);
  for (const name of wrong) {
    const text = readFileSync(join(root, name, "diagnostics.txt"), "utf8");
    expect(text, name).toMatch(/^(?:spec\.(?:yaml|json):\d+:\d+: error E\d{3}: .+\n {4}.+\n)+$/);
  }
});
