import type { Capabilities } from "../target.js";

/**
 * A part of a matrix that a workgroup owns in place of neighbouring elements: a few columns, and as many rows as it has
 * threads. What belongs to columns is then read once for all of its rows, and what belongs to a row once for all of its
 * columns, by one thread.
 */
export interface Panel {
  readonly cols: number;
  readonly rows: number;
  /** Threads that have a row among them. */
  readonly lanes: number;
  /** Rows that the workgroup has at a time. */
  readonly lines: number;
  /** How often it has so many. */
  readonly groups: number;
  /** A bit for each of these. */
  readonly all: string;
  /** Threads that exchange values: how many such parts a workgroup has, and the rows that one has at a time. */
  readonly warps: number;
  readonly warpLines: number;
  /** Columns that one of its threads has a part in reading. */
  readonly owned: number;
}

interface Share {
  readonly granule: number;
  readonly threads: number;
  /** Elements of the runs that have a scale each. */
  readonly runs: readonly number[];
}

/** Null where a run does not lie in a row of a panel whose threads exchange values. */
export function panelOf(
  { granule, threads, runs }: Share,
  { panel, lanes: warp }: Capabilities,
): Panel | null {
  if (panel === undefined) return null;
  const cols = Math.max(panel.cols, ...runs);
  const lanes = cols / granule;
  if (runs.some((run) => cols % run !== 0) || lanes > warp || warp % lanes !== 0 || threads % warp !== 0)
    return null;
  return {
    ...{ cols, rows: threads, lanes, lines: threads / lanes, groups: lanes },
    all: `0x${(2 ** lanes - 1).toString(16)}u`,
    ...{ warps: threads / warp, warpLines: warp / lanes, owned: cols / warp },
  };
}
