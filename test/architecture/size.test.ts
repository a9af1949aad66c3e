import { describe, expect, it } from "vitest";
import { findAnyTypes, readSources, type Source } from "./sources.js";

const longest = 400;
const longestMedian = 150;

const sources = readSources(/\.(ts|mjs|hbs|peggy)$/);
const modules = sources.filter(({ path }) => path.endsWith(".ts"));

const countLines = ({ text }: Source): number => text.trimEnd().split("\n").length;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Comments that switch the compiler's checks off; a test may expect an error, the product may not. */
function findSilencers({ path, text }: Source): string[] {
  const forbidden = path.startsWith("test/") ? "ignore|nocheck" : "ignore|nocheck|expect-error";
  return text.match(new RegExp(`/[/*]\\s*@ts-(?:${forbidden})`, "g")) ?? [];
}

describe("source files", () => {
  it(`have at most ${longest} lines`, () => {
    const written = sources.filter(({ path }) => !path.startsWith("generated/"));
    const long = written.filter((source) => countLines(source) > longest);
    expect(long.map((source) => `${source.path}: ${countLines(source)} lines`)).toEqual([]);
  });

  it(`of generator, runtime and templates have a median of at most ${longestMedian} lines`, () => {
    const product = modules.filter(({ path }) => /^(generator|runtime|templates)\//.test(path));
    expect(product.length).toBeGreaterThan(0);
    expect(median(product.map(countLines))).toBeLessThanOrEqual(longestMedian);
  });

  it("hold no `any`", () => {
    const found = modules.flatMap((source) => findAnyTypes(source).map((line) => `${source.path}:${line}`));
    expect(found).toEqual([]);
  });

  it("hold no comment that silences the compiler", () => {
    const found = modules.flatMap((source) => findSilencers(source).map((text) => `${source.path}: ${text}`));
    expect(found).toEqual([]);
  });

  it("are caught when they do", () => {
    const path = "generator/a.ts";
    expect(findAnyTypes({ path, text: "let a: any; // any\nconst b = [] as readonly any[];" })).toEqual([
      1, 2,
    ]);
    expect(findAnyTypes({ path, text: "const any = `any`; // no type here" })).toEqual([]);
    for (const word of ["ignore", "nocheck", "expect-error"]) {
      expect(findSilencers({ path, text: `// ${`@ts-${word}`}` })).toHaveLength(1);
    }
    expect(findSilencers({ path: "test/a.ts", text: `// ${"@ts-"}expect-error: wrong on purpose` })).toEqual(
      [],
    );
    expect(median([3, 1, 200])).toBe(3);
    expect(countLines({ path, text: "a\nb\n" })).toBe(2);
  });
});
