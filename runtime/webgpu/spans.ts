/** Runs of bytes in one or several arenas, merged so that many small tensors cost few commands. */
import { alignedBytes } from "./arenas.js";

export interface Span {
  /** Same length in each: what is cleared, or source and target of a copy. */
  readonly places: readonly { readonly buffer: GPUBuffer; readonly offset: number }[];
  readonly bytes: number;
}

export interface Run {
  readonly buffer: GPUBuffer;
  readonly byteOffset: number;
  /** Elements of 4 bytes. */
  readonly length: number;
}

/** Spans of arrays of equal length, given row by row; the padding behind an array belongs to its span. */
export function spansOf(rows: readonly (readonly Run[])[]): Span[] {
  const spans: Span[] = [];
  for (const row of rows) {
    const places = row.map(({ buffer, byteOffset }) => ({ buffer, offset: byteOffset }));
    const bytes = alignedBytes(row[0]?.length ?? 0);
    const last = spans.at(-1);
    if (bytes === 0) continue;
    if (last !== undefined && continues(last, places))
      spans[spans.length - 1] = { places: last.places, bytes: last.bytes + bytes };
    else spans.push({ places, bytes });
  }
  return spans;
}

function continues(span: Span, places: Span["places"]): boolean {
  return span.places.every(
    ({ buffer, offset }, i) => places[i]!.buffer === buffer && places[i]!.offset === offset + span.bytes,
  );
}
