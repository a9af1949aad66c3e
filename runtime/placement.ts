/** Where arrays stand on a device with memory of its own: those of one role share arenas. */
import { wordsOf } from "./arrays.js";
import type { ArrayRequest, Role } from "./device.js";
import { LowbitError } from "./errors.js";

export interface Placement {
  readonly arenas: readonly { readonly role: Role; readonly bytes: number }[];
  /** One a request: index of the arena and offset in it, in bytes. */
  readonly places: readonly { readonly arena: number; readonly offset: number }[];
}

/** Bytes of so many words of 4 with the padding behind them. */
export function alignedBytes(words: number, alignment: number): number {
  return Math.ceil((words * 4) / alignment) * alignment;
}

export interface PlacementRules {
  /** Of arrays in their arena, in bytes. */
  readonly alignment: number;
  /** Bytes of one arena. */
  readonly limit: number;
}

/**
 * Fills arenas of at most `limit` bytes in the order of the requests, the arrays of one role and tensor together.
 *
 * @throws {LowbitError} `too-large`
 */
export function placeArrays(
  requests: readonly ArrayRequest[],
  { alignment, limit }: PlacementRules,
): Placement {
  const arenas: { role: Role; bytes: number }[] = [];
  const current = new Map<Role, number>();
  const arenaOf = new Map<string, number>();
  for (const [key, { role, tensor, bytes }] of sumsByTensor(requests, alignment)) {
    if (bytes > limit) throw tooLarge(tensor, role, bytes, limit);
    let arena = current.get(role);
    if (arena === undefined || arenas[arena]!.bytes + bytes > limit) {
      arena = arenas.push({ role, bytes: 0 }) - 1;
      current.set(role, arena);
    }
    arenas[arena]!.bytes += bytes;
    arenaOf.set(key, arena);
  }
  const filled = arenas.map(() => 0);
  const places = requests.map((request) => {
    const arena = arenaOf.get(keyOf(request))!;
    const offset = filled[arena]!;
    filled[arena] = offset + alignedBytes(wordsOf(request), alignment);
    return { arena, offset };
  });
  return { arenas, places };
}

function sumsByTensor(
  requests: readonly ArrayRequest[],
  alignment: number,
): Map<string, { role: Role; tensor: string; bytes: number }> {
  const sums = new Map<string, { role: Role; tensor: string; bytes: number }>();
  for (const request of requests) {
    const { role, tensor } = request;
    const key = keyOf(request);
    const sum = sums.get(key) ?? { role, tensor, bytes: 0 };
    sum.bytes += alignedBytes(wordsOf(request), alignment);
    sums.set(key, sum);
  }
  return sums;
}

function keyOf({ role, tensor }: ArrayRequest): string {
  return `${role} ${tensor}`;
}

const contents: Readonly<Record<Role, string>> = {
  p: "its values",
  g: "its gradient",
  state: "its states",
  next: "its measured maxima",
};

function tooLarge(tensor: string, role: Role, bytes: number, limit: number): LowbitError {
  return new LowbitError(
    "too-large",
    `tensor ${JSON.stringify(tensor)} needs ${bytes} bytes in one buffer for ${contents[role]}, ` +
      `and this device binds at most ${limit}: split the tensor, or use a device with a larger limit`,
  );
}
