/** More ways than this through one element, and intervals say nothing any more. */
const MOST = 65_536;

/** Runs the same computation until every fork in it has gone every way, the last fork first. */
export class Ways {
  readonly #what: string;
  #taken: { way: number; readonly ways: number }[] = [];
  #at = 0;
  #count = 0;

  /** @param what is computed, for an error */
  constructor(what: string) {
    this.#what = what;
  }

  start(): void {
    this.#taken = [];
    this.#at = 0;
    this.#count = 1;
  }

  /** Which of so many ways, from 0, the fork that is met now goes this time. */
  take(ways: number): number {
    const taken = this.#taken[this.#at] ?? { way: 0, ways };
    this.#taken[this.#at++] = taken;
    return taken.way;
  }

  /** Whether there is another way to go. */
  next(): boolean {
    this.#at = 0;
    for (let last = this.#taken.at(-1); last !== undefined; last = this.#taken.at(-1)) {
      if (++last.way < last.ways) {
        if (++this.#count > MOST) throw new Error(`there are more than ${MOST} ways through ${this.#what}`);
        return true;
      }
      this.#taken.pop();
    }
    return false;
  }
}
