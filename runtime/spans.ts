/** Runs of bytes in one or several arenas, merged so that many small tensors cost few commands. */
import { wordsOf } from "./arrays.js";
import type { TypeName } from "./descriptor.js";
import { alignedBytes } from "./placement.js";

/** @typeParam Buffer what an offset counts from */
export interface Span<Buffer> {
  /** Same length in each: what is cleared, or source and target of a copy. */
  readonly places: readonly { readonly buffer: Buffer; readonly offset: number }[];
  readonly bytes: number;
}

export interface Run<Buffer> {
  readonly buffer: Buffer;
  readonly byteOffset: number;
  readonly type: TypeName;
  readonly length: number;
}

/**
 * Spans of arrays of equal size, given row by row; the padding behind an array belongs to its span.
 *
 * @param alignment of arrays in their arena, in bytes
 */
export function spansOf<Buffer>(
  rows: readonly (readonly Run<Buffer>[])[],
  alignment: number,
): Span<Buffer>[] {
  const spans: Span<Buffer>[] = [];
  for (const row of rows) {
    const places = row.map(({ buffer, byteOffset }) => ({ buffer, offset: byteOffset }));
    const bytes = row[0] === undefined ? 0 : alignedBytes(wordsOf(row[0]), alignment);
    const last = spans.at(-1);
    if (bytes === 0) continue;
    if (last !== undefined && continues(last, places))
      spans[spans.length - 1] = { places: last.places, bytes: last.bytes + bytes };
    else spans.push({ places, bytes });
  }
  return spans;
}

function continues<Buffer>(span: Span<Buffer>, places: Span<Buffer>["places"]): boolean {
  return span.places.every(
    ({ buffer, offset }, i) => places[i]!.buffer === buffer && places[i]!.offset === offset + span.bytes,
  );
}
