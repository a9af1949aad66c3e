import { distance } from "fastest-levenshtein";

/** The allowed word that a mistyped one most likely meant, if one is near: a third of its letters may differ. */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  if (allowed.includes(word)) return word;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of allowed) {
    const apart = slips(word.toLowerCase(), candidate.toLowerCase());
    const longer = Math.max(word.length, candidate.length);
    const isNear = apart < longer && apart <= Math.max(1, Math.floor(longer / 3));
    if (isNear && apart < least) [best, least] = [candidate, apart];
  }
  return best;
}

/** Letters missing, added or replaced; two in each other's place are one slip. */
function slips(a: string, b: string): number {
  const letters = (word: string): string => [...word].sort().join("");
  const edits = distance(a, b);
  return edits === 2 && letters(a) === letters(b) ? 1 : edits;
}

/** "did you mean x? allowed: ..." */
export function suggest(word: string, allowed: readonly string[], label = "allowed"): string {
  const best = nearest(word, allowed);
  const list = `${label}: ${allowed.join(", ")}`;
  return best === undefined ? list : `did you mean ${best}? ${list}`;
}
