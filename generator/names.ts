/**
 * What may follow `<state>_` in the names that packages give to what they keep and look up of a state: its arrays
 * (runtime/descriptor.ts), its tables, its keys, and what templates write around them.
 */
const tables = [
  "levels",
  "thresholds",
  "next_levels",
  "gaps",
  "bases",
  "lines",
  "slopes",
  "offsets",
  "steps",
];
const stateSuffixes = [
  ...["codes", "scale", "alpha", "next"],
  ...tables,
  ...["table", "at", "found", "entry", "kept"].flatMap((part) => tables.map((table) => `${table}_${part}`)),
  ...["key0", "key1"],
  ...[
    "base",
    "data",
    "inverses",
    "maxima",
    "maximum",
    "nibbles",
    "open",
    "packed",
    "read",
    "run",
    "scales",
    "segments",
    "values",
    "words",
  ],
  // Of a mapping with a second parameter.
  ...[
    "alphas",
    "counts",
    "keys",
    "magnitudes",
    "nexts",
    "places",
    "ranks",
    "rates",
    "roots",
    "spreads",
    "positions",
    "is_likely",
    "is_settled",
  ],
  ...[
    "keyed_of",
    "level",
    "level_of",
    "pair",
    "product",
    "streams",
    "sum",
    "sums",
    "run_levels",
    "run_place",
  ],
  // Of levels on a line.
  ...["parts", "near"],
  // Of a parameter whose code is found before the parameter is known.
  ...["change", "change_part", "change_most", "change_least", "from", "to", "squares"],
  // Where scales of rows and of columns meet.
  ...["row", "columns", "columns_ordinary", "column_inverses", "column_maxima", "greatest"],
  ...[
    "lane_columns",
    "lane_inverses",
    "copy",
    "target",
    "row_parts",
    "row_scale",
    "kept_scale",
    "own_level",
    "own_columns",
    "own_inverses",
    "scale_there",
    "scale_least",
    "row_inverse",
    "row_maximum",
    "scale_of",
    "inverse_of",
    "of_row",
  ],
];

/** The second part of a parameter in two parts, which is kept like a state. */
export const correctionName = "p_correction";

/** Names that belong to a state: no hyper or state may have one, and locals and hoisted values get another. */
export function namesOfState(state: string): string[] {
  return stateSuffixes.map((suffix) => `${state}_${suffix}`);
}
