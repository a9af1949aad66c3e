import { suggest } from "../nearest.js";
import { UserError } from "./errors.js";

/** The values of a call's options as they were typed: cac turns what looks like a number into one, 007 into 7. */
export class Options {
  readonly #args: readonly string[];

  /** @param args what follows the program's name */
  constructor(args: readonly string[]) {
    const end = args.indexOf("--");
    this.#args = end < 0 ? args : args.slice(0, end);
  }

  flag(name: string): boolean {
    return this.#args.some((arg) => arg === `--${name}` || arg === `--${name}=true`);
  }

  /** Every value of an option that may be given several times. */
  all(name: string): string[] {
    return this.#args.flatMap((arg, index) => {
      if (arg.startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
      const next = this.#args[index + 1];
      return arg === `--${name}` && next !== undefined ? [next] : [];
    });
  }

  /** The values of an option that takes a list: given several times, joined by commas, or both. */
  list(name: string): string[] {
    const items = this.all(name).flatMap((text) => text.split(","));
    if (items.some((item) => item.trim() === ""))
      throw new UserError(`--${name} has an empty place between its commas`);
    return items.map((item) => item.trim());
  }

  one(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new UserError(`--${name} is given ${values.length} times: give it once`);
    if (values[0] === "") throw new UserError(`--${name} is empty: give it a value`);
    return values[0];
  }

  required(name: string, example: string): string {
    const value = this.one(name);
    if (value === undefined) throw new UserError(`--${name} is missing: give ${example}`);
    return value;
  }
}

/** A word out of a fixed list. */
export function choose(what: string, word: string, allowed: readonly string[]): string {
  if (allowed.includes(word)) return word;
  throw new UserError(`there is no ${what} ${JSON.stringify(word)}: ${suggest(word, allowed)}`);
}

/** A finite decimal number: 1e-3, -0.5. Undefined where the text is none. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** A whole number from `least` to 2^53 - 1. */
export function parseWhole(what: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError(`${what} is ${JSON.stringify(text)}: give a whole number from ${least} to 2^53 - 1`);
}
