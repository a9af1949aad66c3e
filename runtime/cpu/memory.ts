/** Where arrays of a processor's device lie: at lines of its cache, and large ones on large pages. */
import { type HostDataOf, hostArray } from "../arrays.js";
import type { TypeName } from "../descriptor.js";
import { LowbitError } from "../errors.js";
import type { NativeCpu } from "../native/cpu.js";

/** Bytes of a line of the cache. Arrays of Node.js begin 16 bytes behind one, so that each vector of 64 bytes lies on two. */
const LINE = 64;
/** Bytes of a large page. */
const PAGE = 2 ** 21;
/** Bytes from which an array begins at a large page: at most a quarter of it is passed over. */
const LARGE = 4 * PAGE;

/**
 * Zeros that begin at a line of the cache or, from 8 MiB on, at a large page, in an ordinary buffer: that it is collected,
 * transferred and counted is JavaScript's business. What is passed over is rarely touched, and then takes no memory.
 *
 * @throws {LowbitError} `out-of-memory`
 */
export function alignedZeros<Type extends TypeName>(
  cpu: NativeCpu,
  type: Type,
  length: number,
): HostDataOf<Type> {
  const size = hostArray(type, 0).BYTES_PER_ELEMENT;
  const bytes = size * length;
  const alignment = bytes < LARGE ? LINE : PAGE;
  const room = allocate(type, length + alignment / size, bytes);
  const before = Number(cpu.addressOf(room) % BigInt(alignment));
  const first = ((alignment - before) % alignment) / size;
  const zeros = room.subarray(first, first + length) as HostDataOf<Type>;
  if (bytes >= LARGE) cpu.adviseLargePages(zeros);
  return zeros;
}

function allocate<Type extends TypeName>(type: Type, length: number, bytes: number): HostDataOf<Type> {
  try {
    return hostArray(type, length);
  } catch (cause) {
    throw new LowbitError(
      "out-of-memory",
      `an array of ${bytes} bytes does not fit the memory that is left: free some, or give the optimizer smaller tensors`,
      { cause },
    );
  }
}
