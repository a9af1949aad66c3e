import { ts } from "ts-morph";
import type { SourceFile } from "../target.js";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
};
const declarationOptions: ts.CompilerOptions = { ...options, declaration: true, isolatedDeclarations: true };

/** A TypeScript file to the JavaScript and the declarations beside it, so that Node can import the package as it is. */
export function compileToJavaScript({ path, text }: SourceFile): SourceFile[] {
  const request = { fileName: path, reportDiagnostics: true };
  const code = ts.transpileModule(text, { ...request, compilerOptions: options });
  const declarations = ts.transpileDeclaration(text, { ...request, compilerOptions: declarationOptions });
  const [wrong] = [...(code.diagnostics ?? []), ...(declarations.diagnostics ?? [])];
  if (wrong !== undefined) {
    throw new Error(`defect in the generator: ${path}: ${ts.flattenDiagnosticMessageText(wrong.messageText, "\n")}`);
  }
  const base = path.replace(/\.ts$/, "");
  return [
    { path: `${base}.js`, text: code.outputText },
    { path: `${base}.d.ts`, text: declarations.outputText },
  ];
}
