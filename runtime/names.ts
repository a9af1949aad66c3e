import { closest, distance } from "fastest-levenshtein";

const utf8 = new TextEncoder();

/** Identity of a tensor to the random generator: FNV-1a, 32 bits, of its UTF-8 name. */
export function tensorId(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8.encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** ` (did you mean "x"?)` where a known name is close to the unknown one, otherwise nothing. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(unknown, known);
  const allowed = Math.max(1, Math.floor(nearest.length / 3));
  return distance(unknown, nearest) <= allowed ? ` (did you mean ${quote(nearest)}?)` : "";
}

export function quote(name: string): string {
  return JSON.stringify(name);
}

/** `"a", "b", "c" and 7 more` */
export function listNames(names: readonly string[], shown = 3): string {
  const head = names.slice(0, shown).map(quote).join(", ");
  return names.length > shown ? `${head} and ${names.length - shown} more` : head;
}
