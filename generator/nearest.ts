import { closest, distance } from "fastest-levenshtein";

/** The allowed word that a mistyped one most likely meant, if one is near. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  if (allowed.length === 0) return undefined;
  const best = closest(word.toLowerCase(), allowed as string[]);
  return distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** "did you mean x? allowed: ..." */
export function suggest(word: string, allowed: readonly string[]): string {
  const best = nearest(word, allowed);
  const list = `allowed: ${allowed.join(", ")}`;
  return best === undefined ? list : `did you mean ${best}? ${list}`;
}
