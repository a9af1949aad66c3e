/** Words and numbers as the terminal shows them. */

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Bits as bytes, with three digits: 1.063. */
export function bytes(bits: number): string {
  return (bits / 8).toFixed(3);
}

/** Cells in columns, two blanks apart; a column of `right` is aligned to its right edge. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return right.includes(index) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Lines side by side, column after column, as many columns as fit. */
export function sideBySide(lines: readonly string[], width: number): string[] {
  const longest = Math.max(0, ...lines.map(({ length }) => length));
  const count = Math.max(1, Math.floor((width + 3) / (longest + 3)));
  const height = Math.ceil(lines.length / count);
  return Array.from({ length: height }, (_, row) =>
    lines
      .filter((_, index) => index % height === row)
      .map((line) => line.padEnd(longest))
      .join("   ")
      .trimEnd(),
  );
}

export function indent(lines: readonly string[], by = "  "): string[] {
  return lines.map((line) => (line === "" ? "" : `${by}${line}`));
}

/** A title and what stands under it. */
export function section(title: string, lines: readonly string[]): string {
  return [title, ...indent(lines)].join("\n");
}
