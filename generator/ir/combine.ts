const { fround } = Math;

/**
 * The sum of float32 terms by the balanced binary tree of adjacent pairs: each level adds neighbours, rounding once; a
 * last one without a neighbour passes up as it is. Runs of 2^k terms can be summed by themselves first.
 */
export function treeSum(terms: ArrayLike<number>): number {
  let level = Array.from(terms);
  if (level.length === 0) return 0;
  while (level.length > 1) {
    const next: number[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as number, level[i + 1]];
      next.push(right === undefined ? left : fround(left + right));
    }
    level = next;
  }
  return level[0] as number;
}

/** The greatest, in any order: of the zeros the positive one, and NaN only where there is nothing else. */
export function maximum(terms: ArrayLike<number>): number {
  let greatest = Number.NaN;
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as number;
    if (Number.isNaN(greatest)) greatest = term;
    else if (!Number.isNaN(term)) greatest = Math.max(greatest, term);
  }
  return greatest;
}
