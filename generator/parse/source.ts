import { type Document, isMap, isPair, isScalar, type LineCounter, type Node, type Pair } from "yaml";
import type { Position } from "../diagnostics.js";

export type Path = readonly (string | number)[];

/** Where each part of a spec stands in its text. */
export interface Source {
  /** Of the value at a path, or of the nearest part of the path that exists. */
  at(path: Path): Position;
  /** Of the key at a path. */
  key(path: Path): Position;
  /** Of a character of the string at a path. */
  inside(path: Path, offset: number): Position;
}

export function sourceOf(text: string, document: Document, lines: LineCounter): Source {
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };

  const pairAt = (path: Path): Pair | undefined => {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (!isMap(parent)) return undefined;
    return parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(last));
  };

  const nodeAt = (path: Path): Node | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (node !== undefined && node !== null && typeof node === "object" && "range" in node) return node as Node;
    }
    return document.contents ?? undefined;
  };

  return {
    at: (path) => position(nodeAt(path)?.range?.[0] ?? 0),
    key: (path) => {
      const key = path.length > 0 ? pairAt(path)?.key : undefined;
      return position((isScalar(key) ? key.range?.[0] : undefined) ?? nodeAt(path.slice(0, -1))?.range?.[0] ?? 0);
    },
    inside: (path, offset) => {
      const node = nodeAt(path);
      const start = node?.range?.[0] ?? 0;
      if (!isScalar(node) || typeof node.value !== "string") return position(start);
      return position(offsetInText(text, start, node.value, offset));
    },
  };
}

/**
 * The place in the text of a character of a scalar. A scalar's lines stand in its text in order, each without its
 * indentation; where one does not (an escape, a folded line) the scalar's start is the best that can be said.
 */
function offsetInText(text: string, start: number, value: string, offset: number): number {
  const before = value.slice(0, offset).split("\n");
  const lines = value.split("\n");
  const blockHeader = /^[|>][^\n]*\n/.exec(text.slice(start));
  let at = start + (blockHeader?.[0].length ?? 0);
  for (let line = 0; line < before.length; line++) {
    const content = (lines[line] ?? "").trimEnd();
    const found = content === "" ? at : text.indexOf(content, at);
    if (found < 0 || text.slice(at, found).trim().replace(/^["']/, "") !== "") return start;
    if (line === before.length - 1) return found + (before[line] ?? "").length;
    const end = text.indexOf("\n", found + content.length);
    if (end < 0) return start;
    at = end + 1;
  }
  return start;
}
