import { LowbitError } from "../../runtime/errors.js";
import { SpecError } from "../diagnostics.js";

/** A call that cannot be served: what was found, what is allowed, what to do. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** What the terminal says of an error; a stack trace with LOWBIT_DEBUG=1 only. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `lowbit-gen: ${String(error)}`;
  const trace = process.env.LOWBIT_DEBUG === "1" ? `\n${error.stack ?? ""}` : "";
  if (error instanceof SpecError) return `${error.message}${trace}`;
  if (isExpected(error)) return `lowbit-gen: ${error.message}${trace}`;
  if (isSystemError(error)) return `lowbit-gen: ${describeSystemError(error)}${trace}`;
  const hint = trace === "" ? " (LOWBIT_DEBUG=1 prints where)" : trace;
  return `lowbit-gen: this is a defect of lowbit-gen, please report it: ${error.message}${hint}`;
}

function isExpected(error: Error): boolean {
  return error instanceof UserError || error instanceof LowbitError;
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

function isSystemError(error: Error): error is SystemError {
  return "code" in error && "syscall" in error;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "a file of that name is in the way",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
};

/** `cannot open out/x: permission denied` */
function describeSystemError({ code, syscall, path, message }: SystemError): string {
  const reason = reasons[code];
  return reason === undefined || path === undefined ? message : `cannot ${syscall} ${path}: ${reason}`;
}

/** Why a file cannot be used, in words; undefined where the error is not the system's. */
export function systemReason(error: unknown): string | undefined {
  return error instanceof Error && isSystemError(error) ? (reasons[error.code] ?? error.message) : undefined;
}
