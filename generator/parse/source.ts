import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
} from "yaml";
import type { Position } from "../diagnostics.js";
import { offsetsOf } from "./scalar.js";

export type Path = readonly (string | number)[];

/** Where each part of a spec stands in its text. */
export interface Source {
  /** Of the value at a path; of its key where the value is empty; of the nearest part of the path that exists. */
  at(path: Path): Position;
  /** Of the key at a path, or of the nearest part of the path that exists. */
  key(path: Path): Position;
  /** Of a character of the string at a path. */
  inside(path: Path, offset: number): Position;
}

export function sourceOf(text: string, document: Document, lines: LineCounter): Source {
  const strings = new Map<Node, readonly number[]>();

  const position = (offset = 0): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const start = (node: Node | undefined): Position => position(node?.range?.[0]);

  /** The node at a path and its key, or at the longest part of the path that exists. */
  const find = (path: Path): { readonly key?: Node | undefined; readonly value?: Node | undefined } => {
    let found: { key?: Node | undefined; value?: Node | undefined } = {
      value: document.contents ?? undefined,
    };
    for (const part of path) {
      const child = childOf(found.value, part);
      if (child === undefined) break;
      found = child;
    }
    return found;
  };

  return {
    at: (path) => {
      const { key, value } = find(path);
      return start(isEmpty(value) ? (key ?? value) : value);
    },
    key: (path) => {
      const { key, value } = find(path);
      return start(key ?? value);
    },
    inside: (path, offset) => {
      const { value } = find(path);
      if (!isString(value)) return start(value);
      const offsets = strings.get(value) ?? offsetsOf(text, value);
      strings.set(value, offsets);
      return position(offsets[offset] ?? value.range?.[0]);
    },
  };
}

function childOf(parent: Node | undefined, part: string | number) {
  if (isSeq(parent)) {
    const item = parent.items[Number(part)];
    return isNode(item) ? { value: item } : undefined;
  }
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
    : undefined;
  if (pair === undefined) return undefined;
  return { key: isNode(pair.key) ? pair.key : undefined, value: isNode(pair.value) ? pair.value : undefined };
}

function isEmpty(node: Node | undefined): boolean {
  return node === undefined || (isScalar(node) && node.value === null && node.source === "");
}

function isString(node: Node | undefined): node is Scalar<string> {
  return isScalar(node) && typeof node.value === "string";
}
