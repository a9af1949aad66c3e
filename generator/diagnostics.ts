/** What is wrong with a spec: where, what was found, what is allowed, what to do. */

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** Every kind of diagnostic, once; the first digit is the stage: 1 text, 2 schema, 3 rule, 4 codec, 5 not built yet. */
export const diagnosticCodes = {
  E101: "the file cannot be read",
  E102: "the text is not YAML or JSON",
  E103: "a key is given twice",
  E104: "the document is not one mapping",
  E201: "a key is unknown",
  E202: "a key is missing",
  E203: "a value is of the wrong kind",
  E204: "a number is out of range",
  E205: "a name is not allowed",
  E301: "an expression does not parse",
  E302: "a name is undefined",
  E303: "a function is unknown",
  E304: "a function has the wrong number of arguments",
  E305: "an element where a uniform is needed",
  E306: "a truth value where a number is needed, or the reverse",
  E307: "a name cannot be assigned",
  E308: "a state, hyper or local is unused",
  E309: "the parameter is never updated",
  E310: "schedules depend on each other in a circle",
  E311: "a power the kernels cannot compute",
  E312: "a uniform value that float32 cannot hold",
  E313: "a value of another shape than is needed",
  E401: "a quantized state lacks its codec",
  E402: "an unquantized state has a codec",
  E403: "a table does not fit its state",
  E404: "a mapping does not fit its bits or sign",
  E405: "a 16-bit scale of runs that no workgroup holds",
  E406: "what is said of parameters or gradients does not fit their dtypes",
  E407: "a log mapping of runs that no workgroup holds",
  E501: "part of the language that this version does not build yet",
} as const;

export type DiagnosticCode = keyof typeof diagnosticCodes;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly position: Position;
  /** What was found. */
  readonly message: string;
  /** What is allowed, or what to do. */
  readonly remedy: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(diagnostics: readonly Diagnostic[]): Result<never> {
  const inOrder = [...diagnostics].sort(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  return { ok: false, diagnostics: inOrder };
}

/** `file:line:column: error E203: message` and the remedy on a line of its own. */
export function formatDiagnostic(file: string, { code, position, message, remedy }: Diagnostic): string {
  return `${file}:${position.line}:${position.column}: error ${code}: ${message}\n    ${remedy}`;
}

/** Thrown where a caller asked for a result and not for diagnostics. */
export class SpecError extends Error {
  override readonly name = "SpecError";
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => formatDiagnostic(file, diagnostic)).join("\n"));
    this.file = file;
    this.diagnostics = diagnostics;
  }
}
