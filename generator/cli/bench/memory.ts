/** Whether what is to be measured fits, and what to do where it does not. */
import { freemem } from "node:os";
import type { Device } from "../../../runtime/index.js";
import { UserError } from "../errors.js";
import type { ShapesName } from "./shapes.js";

export interface Load {
  readonly spec: string;
  readonly shapes: ShapesName;
  readonly shrink: number;
  /** Bytes of everything that is kept on the device, with what is copied beside it. */
  readonly onDevice: number;
  /** Bytes of what the host hands over. */
  readonly onHost: number;
}

/** @throws {UserError} where this machine has less memory than it needs itself */
export function refuseTooLargeForHost(
  load: Load,
  { kind }: Pick<Device, "kind">,
  available = process.availableMemory?.() ?? freemem(),
): void {
  const worksHere = kind === "cpu" || kind === "typescript";
  // Parameters are kept where they were drawn.
  const needed = worksHere ? load.onDevice : load.onHost;
  if (needed <= available) return;
  const part = worksHere ? "" : " of the host";
  throw new UserError(
    `${describe(load, needed, part)}, and ${gigabytes(available)} are free: ${remedy(load, needed / available)}`,
  );
}

/** What a device says where its memory does not suffice, with how much is needed and what to do. */
export function explainMemory(load: Load, error: Error): UserError {
  const message = `${describe(load, load.onDevice, "")}: ${error.message}. Here, ${remedy(load, 2)}`;
  return new UserError(message, { cause: error });
}

function describe({ spec, shapes, shrink }: Load, needed: number, part: string): string {
  const made = shrink === 1 ? shapes : `${shapes} with --shrink ${shrink}`;
  return `${spec} on the shapes ${made} needs ${gigabytes(needed)} of memory${part}`;
}

/** @param excess how many times too much it is */
function remedy({ shrink }: Load, excess: number): string {
  return `choose other --shapes, or --shrink ${shrink * Math.ceil(1.25 * excess)} for fewer rows`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
