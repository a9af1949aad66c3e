/** Rows added at once: each pass over the target then carries as many products. */
const ROWS = 4;

/** A weighted sum of rows of a matrix: sum of factor[k] * source[first[k] ...]. */
export class RowSum {
  readonly #factors: Float64Array;
  readonly #firsts: Int32Array;
  #terms = 0;

  /** @param capacity terms it holds at most */
  constructor(capacity: number) {
    this.#factors = new Float64Array(capacity + ROWS);
    this.#firsts = new Int32Array(capacity + ROWS);
  }

  clear(): void {
    this.#terms = 0;
  }

  /** Adds a term, unless its factor is zero. */
  add(factor: number, first: number): void {
    if (factor === 0) return;
    this.#factors[this.#terms] = factor;
    this.#firsts[this.#terms] = first;
    this.#terms++;
  }

  /** target[start ... start + length] += the sum. */
  addTo(target: Float32Array, start: number, source: Float32Array, length: number): void {
    const factors = this.#factors;
    const firsts = this.#firsts;
    // Terms of factor zero fill the last pass up.
    factors.fill(0, this.#terms, this.#terms + ROWS);
    firsts.fill(0, this.#terms, this.#terms + ROWS);
    for (let term = 0; term < this.#terms; term += ROWS) {
      const [a, b, c, d] = [factors[term]!, factors[term + 1]!, factors[term + 2]!, factors[term + 3]!];
      const [rowA, rowB, rowC, rowD] = [
        firsts[term]!,
        firsts[term + 1]!,
        firsts[term + 2]!,
        firsts[term + 3]!,
      ];
      for (let i = 0; i < length; i++) {
        target[start + i]! +=
          a * source[rowA + i]! + b * source[rowB + i]! + c * source[rowC + i]! + d * source[rowD + i]!;
      }
    }
  }
}
