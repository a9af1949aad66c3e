import type { Scalar } from "yaml";

/**
 * Where each character of a string stands in the text: entry i is the offset of character i, the last entry that of
 * the end. Line breaks that YAML folds or adds stand where their line ends.
 */
export function offsetsOf(text: string, scalar: Scalar<string>): readonly number[] {
  const [start, end] = scalar.range ?? [0, 0];
  switch (scalar.type) {
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return blockOffsets(text, start, end, scalar.value);
    case "QUOTE_DOUBLE":
      return flowOffsets(text, start + 1, end - 1, /\\(?:\r?\n[ \t]*|x.{2}|u.{4}|U.{8}|.)/sy);
    case "QUOTE_SINGLE":
      return flowOffsets(text, start + 1, end - 1, /''/y);
    default:
      return flowOffsets(text, start, end, undefined);
  }
}

/** Plain and quoted: a line break is a blank, more of them are one less, and blanks around them do not count. */
function flowOffsets(text: string, start: number, end: number, escapes: RegExp | undefined): number[] {
  const fold = /[ \t]*\r?\n[ \t\r\n]*/y;
  const offsets: number[] = [];
  for (let at = start; at < end; ) {
    const folded = match(fold, text, at);
    const escaped = escapes && match(escapes, text, at);
    if (folded !== undefined) {
      const breaks = folded.split("\n").length - 1;
      offsets.push(...Array.from({ length: Math.max(1, breaks - 1) }, () => at));
    } else if (escaped === undefined || escaped.startsWith("\\U")) {
      // A character beyond 16 bits is two in the value; in the text, too, unless it is an escape.
      const code = Number.parseInt(escaped?.slice(2) ?? "0", 16);
      offsets.push(...(code > 0xffff ? [at, at] : [at]));
    } else if (!/^\\\r?\n/.test(escaped)) offsets.push(at);
    at += folded?.length ?? escaped?.length ?? 1;
  }
  return [...offsets, end];
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** `|` and `>`: lines stand in the value as in the text, but for the indentation they share. */
function blockOffsets(text: string, start: number, end: number, value: string): number[] {
  const offsets: number[] = [];
  const lines = text.slice(start, end).split(/(?<=\n)/);
  const isFilled = (line: string): boolean => line.trim() !== "";
  const indent =
    leadingBlanks(lines.slice(1).find(isFilled) ?? "") -
    leadingBlanks(value.split("\n").find(isFilled) ?? "");
  let at = start;
  let lineEnd = start;
  for (const [index, line] of lines.entries()) {
    const content = line.replace(/\r?\n$/, "").slice(indent);
    const found = index === 0 || content === "" ? -1 : value.indexOf(content, offsets.length);
    if (found >= 0 && !isFilled(value.slice(offsets.length, found))) {
      while (offsets.length < found) offsets.push(lineEnd);
      for (let character = 0; character < content.length; character++) offsets.push(at + indent + character);
      lineEnd = at + indent + content.length;
    }
    at += line.length;
  }
  while (offsets.length <= value.length) offsets.push(lineEnd);
  return offsets;
}

function leadingBlanks(line: string): number {
  return line.length - line.trimStart().length;
}
