import { UserError } from "../errors.js";

/** What a run is repeated from: a number for all properties, or the way to one failure of one property. */
export interface Seed {
  /** From 0 to 2^31 - 1. */
  readonly value: number;
  readonly property?: string;
  /** Which case failed, and the steps by which it shrank. */
  readonly path?: string;
}

/** `42`, or `42/webgpu/17:0:1` as a failure prints it; a new number where none is given. */
export function parseSeed(text: string | undefined): Seed {
  if (text === undefined) return { value: Math.floor(Math.random() * 2 ** 31) };
  const [, digits, property, path] = /^(\d+)(?:\/([^/]+)\/(\d+(?::\d+)*))?$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits === undefined || value >= 2 ** 31) {
    const allowed =
      "a whole number from 0 to 2147483647, or what a failure printed, such as 42/webgpu/17:0:1";
    throw new UserError(`--seed is ${JSON.stringify(text)}: give ${allowed}`);
  }
  return property === undefined || path === undefined ? { value } : { value, property, path };
}

export function formatSeed(value: number, property: string, path: string): string {
  return `${value}/${property}/${path}`;
}
