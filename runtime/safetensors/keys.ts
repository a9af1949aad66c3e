/**
 * The first key that occurs twice in one object of a JSON text, or null.
 * `JSON.parse` keeps the last of them silently. The text must already be known to be valid JSON.
 */
export function duplicateKey(json: string): string | null {
  const open: Set<string>[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;
  for (const match of json.matchAll(token)) {
    if (match[0] === "{") open.push(new Set());
    else if (match[0] === "}") open.pop();
    else if (match[1] !== undefined) {
      const key: unknown = JSON.parse(match[0].slice(0, -match[1].length));
      const keys = open.at(-1);
      if (typeof key !== "string" || keys === undefined) continue;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}
