import type { HostData } from "lowbit-gen/runtime";
import { bytesOf } from "./check.js";

/** An array that is one period over and over, and a part of it at the end. */
export interface Period {
  readonly length: number;
  /** How many whole periods it has, 2 or more. */
  readonly times: number;
  /** One period and the part at the end. */
  readonly expected: HostData;
}

/** Where the first period lies that differs in a bit from what it should be; null where none does. */
export async function wrongPart(
  name: string,
  { length, times, expected }: Period,
  read: (from: number, count: number) => Promise<HostData>,
): Promise<string | null> {
  const period = (length - expected.length) / (times - 1);
  if (!Number.isInteger(period)) return `${name} has ${length} values, and ${times} periods would not`;
  for (let at = 0; at < length; at += period) {
    const isLast = at === times * period;
    const wanted = isLast ? expected.subarray(period) : expected.subarray(0, period);
    const found = await read(at, wanted.length);
    if (bytesOf(found).equals(bytesOf(wanted))) continue;
    const first = wanted.findIndex((value, i) => !Object.is(value, found[i]));
    return `${name} is wrong from ${at + first} on: ${found[first]} where ${wanted[first]} should be`;
  }
  return null;
}
