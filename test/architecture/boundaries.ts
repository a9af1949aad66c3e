/** Which part may import which, and which words the generator may not know. */

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { computed, findImports, findWords, type Import, type Source } from "./sources.js";

interface Rule {
  readonly area: RegExp;
  readonly reason: string;
  /** `target` is a path from the repository root, `node:<module>` or `package:<name>`. */
  readonly allows: (target: string, found: Import, path: string) => boolean;
  /** Holds for everything the area reaches through other files, too. */
  readonly transitive?: boolean;
}

const selfImports: Readonly<Record<string, string>> = {
  "lowbit-gen": "generator/cli/library",
  "lowbit-gen/runtime": "runtime/index",
};

const none =
  (...prefixes: string[]) =>
  (target: string): boolean =>
    !prefixes.some((prefix) => target.startsWith(prefix));

/** `templates/wgsl/` of `templates/wgsl/index`. */
const folderOf = (path: string): string => path.split("/").slice(0, 2).join("/");

const rules: readonly Rule[] = [
  {
    area: /^generator\/(?!cli\/)/,
    reason: "the generator is pure and knows no target",
    allows: none("generator/cli/", "templates/", "runtime/", "generated/", "node:", "test/", computed),
  },
  {
    area: /^templates\/.*\.ts$/,
    reason:
      "a target takes types from generator/, partials from templates/common/ and nothing from its peers",
    allows: (target, { typeOnly }, path) => {
      if (target.startsWith("generator/")) return typeOnly;
      if (path === "templates/index.ts" || target.startsWith("templates/common/")) return true;
      if (target.startsWith("templates/")) return folderOf(target) === folderOf(path);
      return none("runtime/", "generated/", "node:", "test/", computed)(target);
    },
  },
  {
    area: /^runtime\//,
    reason: "the runtime knows only the descriptor it is handed",
    allows: none("generator/", "templates/", "spec/", "generated/", "test/"),
  },
  {
    area: /^test\/oracle\//,
    reason: "the oracle shares no code with what it judges",
    allows: none("generator/", "templates/", "runtime/", "generated/", computed),
    transitive: true,
  },
  {
    area: /^generated\//,
    reason: "a generated package imports lowbit-gen/runtime and its own files",
    allows: (target, { specifier }, path) =>
      specifier === "lowbit-gen/runtime" || target.startsWith(`${folderOf(path)}/`),
  },
];

/** Where an import of `path` leads, without the extension. */
export function resolveImport(path: string, specifier: string): string {
  if (specifier === computed) return computed;
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  if (!specifier.startsWith(".")) return selfImports[specifier] ?? `package:${specifier}`;
  return withoutExtension(posix.join(posix.dirname(path), specifier));
}

const withoutExtension = (path: string): string => path.replace(/\.(?:d\.ts|ts|js|mjs)$/, "");

/** One line a violation: place, what was found, the reason it is wrong. */
export function checkImports(sources: readonly Source[]): string[] {
  const byModule = new Map(sources.map((source) => [withoutExtension(source.path), source]));
  return sources.flatMap((source) =>
    rules
      .filter((rule) => rule.area.test(source.path))
      .flatMap((rule) =>
        reach(source, rule.transitive ? byModule : new Map()).flatMap((from) => judge(rule, from)),
      ),
  );
}

function judge(rule: Rule, source: Source): string[] {
  const { path } = source;
  return findImports(source)
    .filter((found) => !rule.allows(resolveImport(path, found.specifier), found, path))
    .map((found) => `${path}:${found.line} imports ${found.specifier}: ${rule.reason}`);
}

/** `start` and the files it reaches among `byModule`. */
function reach(start: Source, byModule: ReadonlyMap<string, Source>): Source[] {
  const reached = new Set([start]);
  for (const source of reached) {
    for (const { specifier } of findImports(source)) {
      const next = byModule.get(resolveImport(source.path, specifier));
      if (next !== undefined) reached.add(next);
    }
  }
  return [...reached];
}

/** Mentions of a target in the generator, as part of an identifier, a literal or a file's path. */
export function checkTargetWords(sources: readonly Source[], targets: readonly string[]): string[] {
  const isTarget = new Set(targets);
  return sources
    .filter(({ path }) => /^generator\/(?!cli\/)/.test(path))
    .flatMap((source) =>
      [{ text: source.path, line: 1 }, ...findWords(source)].flatMap(({ text, line }) =>
        splitWords(text)
          .filter((word) => isTarget.has(word))
          .map((word) => `${source.path}:${line} names the target ${word}: ${JSON.stringify(text)}`),
      ),
    );
}

/** `printCuda`, `CUDA_LIMIT` and "for cuda" all hold the word cuda. */
function splitWords(text: string): string[] {
  const spaced = text.replace(/([a-z\d])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return spaced.toLowerCase().split(/[^a-z\d]+/);
}
