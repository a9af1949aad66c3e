interface Flaw {
  /** Of the level that is wrong; undefined where the table as a whole is. */
  readonly index?: number;
  /** Follows "the table of m". */
  readonly found: string;
  readonly remedy: string;
}

/** What keeps a table from being the levels of a codec: 2^bits float32 values, ascending, in the range of n. */
export function tableFlaw(table: readonly number[], bits: number, signed: boolean): Flaw | undefined {
  const count = 2 ** bits;
  if (table.length !== count) {
    return { found: `has ${table.length} levels`, remedy: `${bits} bits take ${count} levels` };
  }
  const low = signed ? -1 : 0;
  const outside = table.findIndex((level) => !(level >= low && level <= 1));
  if (outside >= 0) {
    return {
      index: outside,
      found: `has the level ${table[outside]}`,
      remedy: `levels lie in [${low}, 1], as values are divided by their scale`,
    };
  }
  const levels = table.map(Math.fround);
  const step = levels.findIndex((level, index) => index > 0 && !(level > (levels[index - 1] as number)));
  if (step > 0) {
    return {
      index: step,
      found: `has ${table[step]} after ${table[step - 1]}`,
      remedy: "levels ascend, and differ as float32",
    };
  }
  if (!levels.some((level) => level > 0)) {
    return { index: count - 1, found: "has no level above 0", remedy: "end the table with 1" };
  }
  return undefined;
}
