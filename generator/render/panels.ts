import type { Capabilities } from "../target.js";

/**
 * A part of a matrix that a workgroup owns in place of neighbouring elements: a few columns, and of these many rows. What
 * belongs to columns is then read once for all of its rows, and what belongs to a row once for all of its columns.
 */
export interface Panel {
  readonly cols: number;
  readonly rows: number;
  /** Threads that have a row among them. */
  readonly lanes: number;
  /** Rows that the workgroup has at a time, and how often. */
  readonly lines: number;
  readonly groups: number;
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
  { panel, lanes: most }: Capabilities,
): Panel | null {
  if (panel === undefined) return null;
  const cols = Math.max(panel.cols, ...runs);
  const lanes = cols / granule;
  if (runs.some((run) => cols % run !== 0) || lanes > most || threads % lanes !== 0) return null;
  const lines = threads / lanes;
  return { cols, rows: lines * panel.groups, lanes, lines, groups: panel.groups };
}
