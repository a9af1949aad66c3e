const WIDTH = 100;

/** A value as a TypeScript literal: on one line where it fits, unquoted keys. */
export function printLiteral(value: unknown, indent = ""): string {
  const line = printLine(value);
  if (line.length + indent.length <= WIDTH || typeof value !== "object" || value === null) return line;
  const inner = `${indent}  `;
  const rows = Array.isArray(value)
    ? value.map((item) => printLiteral(item, inner))
    : Object.entries(value).map(([key, item]) => `${key}: ${printLiteral(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${rows.map((row) => `${inner}${row},\n`).join("")}${indent}${close}`;
}

function printLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printLine).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${printLine(item)}`)
      .join(", ")} }`;
  }
  return JSON.stringify(value);
}
