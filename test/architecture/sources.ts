/** The project's source files, and what a syntax tree says about one. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ts } from "ts-morph";

export interface Source {
  /** Relative to the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Word {
  readonly text: string;
  readonly line: number;
}

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `import(expression)`: no rule can see where it leads. */
export const computed = "(computed)";

const writtenByTools = /^(templates\/[^/]+\/skeletons|generator\/rule\/grammar)\.(js|d\.ts)$/;
const handWritten = ["spec", "templates", "generator", "generated", "runtime", "examples", "bench", "test"];

function walk(folder: string, extension: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return path === "test/fixtures" ? [] : walk(path, extension);
    return extension.test(path) && !writtenByTools.test(path) ? [path] : [];
  });
}

export function readSources(extension: RegExp = /\.ts$/): Source[] {
  const folders = handWritten.filter((folder) => existsSync(join(root, folder)));
  const paths = folders.flatMap((folder) => walk(folder, extension));
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** A target is a folder of templates/ with a `target.ts`. */
export function readTargetNames(): string[] {
  const folders = readdirSync(join(root, "templates"), { withFileTypes: true });
  return folders
    .map(({ name }) => name)
    .filter((name) => existsSync(join(root, "templates", name, "target.ts")));
}

function visit(source: Source, onNode: (node: ts.Node, line: number) => void): void {
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2023, true);
  const descend = (node: ts.Node): void => {
    onNode(node, file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1);
    ts.forEachChild(node, descend);
  };
  ts.forEachChild(file, descend);
}

const importsOf = new WeakMap<Source, readonly Import[]>();

export function findImports(source: Source): readonly Import[] {
  const found = importsOf.get(source) ?? readImports(source);
  importsOf.set(source, found);
  return found;
}

function readImports(source: Source): readonly Import[] {
  const found: Import[] = [];
  visit(source, (node, line) => {
    const add = (module: ts.Node | undefined, typeOnly: boolean): void => {
      const specifier = module !== undefined && ts.isStringLiteralLike(module) ? module.text : computed;
      found.push({ specifier, typeOnly, line });
    };
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importsTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
  });
  return found;
}

/** `import { type A }` still runs the module, because `verbatimModuleSyntax` keeps the import. */
function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** Identifiers and the text of string and template literals; comments are not code. */
export function findWords(source: Source): Word[] {
  const found: Word[] = [];
  visit(source, (node, line) => {
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText || ts.isIdentifier(node) || ts.isPrivateIdentifier(node))
      found.push({ text: node.text, line });
  });
  return found;
}

export function findAnyTypes(source: Source): number[] {
  const lines: number[] = [];
  visit(source, (node, line) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) lines.push(line);
  });
  return lines;
}
