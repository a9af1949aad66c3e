import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const plain = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .join("\n");

/** Fenced blocks whose info string names a file: "```ts generated/x/index.ts". */
function excerpts(document: string): { path: string; text: string }[] {
  const fences = read(document).matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```/gm);
  return [...fences].map(([, path = "", text = ""]) => ({ path, text: text.trimEnd() }));
}

describe.each(["ARCHITECTURE.md", "README.md"])("%s quotes files as they are", (document) => {
  test("has excerpts or names none", () => {
    expect(excerpts(document).length).toBeGreaterThan(document === "ARCHITECTURE.md" ? 6 : 0);
  });

  for (const { path, text } of excerpts(document)) {
    test(`${path}: ${text.split("\n")[0]}`, () => {
      expect(plain(read(path))).toContain(plain(text));
    });
  }
});
