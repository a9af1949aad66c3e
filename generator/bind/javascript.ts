import { ts } from "ts-morph";
import type { SourceFile } from "../target.js";

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A generated TypeScript file to the JavaScript beside it, so that Node can import the package as it is: the same
 * text without its types. Generated files keep to types that can be cut out (TypeScript's erasableSyntaxOnly).
 */
export function compileToJavaScript({ path, text }: SourceFile): SourceFile {
  // Rows of a table hold no types, and parsing them would take most of the time: blanks stand in their places.
  const withoutRows = text.replace(/^[-+.,\de ]+,$/gm, (row) => " ".repeat(row.length));
  const file = ts.createSourceFile(path, withoutRows, ts.ScriptTarget.ES2023, false, ts.ScriptKind.TS);
  const cuts: Range[] = [];
  const visit = (node: ts.Node): void => {
    const cut = typeOnlyParts(node, file);
    cuts.push(...cut);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path: path.replace(/\.ts$/, ".js"), text: cutOut(text, cuts) };
}

/** The parts of a node that only the type checker reads. */
function typeOnlyParts(node: ts.Node, file: ts.SourceFile): Range[] {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return [withLine(node, file)];
  if (ts.isImportDeclaration(node)) return importCuts(node, file);
  if (ts.isNonNullExpression(node)) return [{ start: node.end - 1, end: node.end }];
  if (ts.isAsExpression(node)) return [{ start: node.expression.end, end: node.end }];
  if (ts.isExpressionWithTypeArguments(node) && node.typeArguments !== undefined) {
    return [{ start: node.expression.end, end: node.end }];
  }
  const cuts: Range[] = [];
  if (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) {
    if (node.type !== undefined) cuts.push({ start: node.name.end, end: node.type.end });
  }
  if (ts.isPropertyDeclaration(node)) {
    const readonly = node.modifiers?.find(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword);
    if (readonly !== undefined) cuts.push({ start: readonly.pos, end: readonly.end });
  }
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.type !== undefined) {
    cuts.push({ start: text(file).lastIndexOf(")", node.type.pos) + 1, end: node.type.end });
  }
  return cuts;
}

function importCuts(node: ts.ImportDeclaration, file: ts.SourceFile): Range[] {
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
  const kept = bindings.elements.filter(({ isTypeOnly }) => !isTypeOnly);
  if (node.importClause?.isTypeOnly || kept.length === 0) return [withLine(node, file)];
  if (kept.length === bindings.elements.length) return [];
  const first = kept[0] as ts.ImportSpecifier;
  return bindings.elements
    .filter(({ isTypeOnly }) => isTypeOnly)
    .map((specifier) => {
      const isBefore = specifier.pos < first.pos;
      const comma = text(file).indexOf(",", specifier.end);
      return isBefore
        ? { start: specifier.pos, end: comma + 1 }
        : { start: specifier.pos - 1, end: specifier.end };
    });
}

/** A statement, the comment above it and the line break after it. */
function withLine(node: ts.Node, file: ts.SourceFile): Range {
  const [comment] = ts.getLeadingCommentRanges(text(file), node.pos)?.slice(-1) ?? [];
  const isDoc = comment !== undefined && text(file).startsWith("/**", comment.pos);
  return { start: isDoc ? comment.pos : node.getStart(file), end: text(file).indexOf("\n", node.end) + 1 };
}

function text(file: ts.SourceFile): string {
  return file.text;
}

function cutOut(source: string, cuts: readonly Range[]): string {
  let from = 0;
  let kept = "";
  for (const { start, end } of [...cuts].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < from) continue;
    kept += source.slice(from, start);
    from = end;
  }
  return `${kept}${source.slice(from)}`.replace(/\n{3,}/g, "\n\n");
}
