import { SpecError } from "lowbit-gen";
import { LowbitError } from "lowbit-gen/runtime";

/** Something that whoever calls can put right: what was found, what is allowed, what to do. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** One message for what is expected; a defect shows where it is. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = [UserError, LowbitError, SpecError].some((kind) => error instanceof kind);
  return expected ? error.message : (error.stack ?? error.message);
}
