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
  /** Whether 16 bits are one for each. */
  readonly isShort: boolean;
  /** A bit for each of these. */
  readonly all: string;
  /** Threads that exchange values: how many such parts a workgroup has, and the rows that one has at a time. */
  readonly warps: number;
  readonly warpLines: number;
  /** All rows of such a part. */
  readonly warpRows: number;
  /** Columns that one of its threads has a part in reading. */
  readonly owned: number;
  /** How many times what it has at a time may be on its way. */
  readonly ahead: number;
}

interface Share {
  readonly granule: number;
  readonly threads: number;
  /** Elements of the runs that have a scale each. */
  readonly runs: readonly number[];
  /** Bits of an element that are read, bytes of tables, and arrays with a value for each column. */
  readonly bits: number;
  readonly tables: number;
  readonly columns: number;
  /** Arrays with a value for each thread, as often as it has rows. */
  readonly parts: number;
  /** Whether its parameters have 16 bits. */
  readonly isHalf: boolean;
}

/** Null where a run does not lie in a row of a panel whose threads exchange values, or where there is no room for its rows. */
export function panelOf(
  { granule, threads, runs, bits, tables, columns, parts, isHalf }: Share,
  { panel, lanes: warp }: Capabilities,
): Panel | null {
  if (panel === undefined) return null;
  const cols = Math.max(panel.cols, ...runs);
  const lanes = cols / granule;
  if (runs.some((run) => cols % run !== 0) || lanes > warp || warp % lanes !== 0 || threads % warp !== 0)
    return null;
  const groups = lanes;
  const warps = threads / warp;
  const isShort = groups <= 16;
  // Where the panels of a workgroup lie, 16 bytes each, and what is left of them.
  const places = isHalf ? 128 + threads / (isShort ? 2 : 1) : 0;
  const taken = tables + 4 * (columns * warps * cols + parts * groups * threads + places);
  const bytes = (threads * granule * bits) / 8;
  const fits = Math.floor((panel.shared - taken) / bytes);
  const most = isHalf ? panel.ahead.half : panel.ahead.usual;
  const ahead = Math.min(fits, Math.max(1, Math.floor(most.bytes / bytes)), most.rounds);
  if (ahead < 1) return null;
  return {
    ...{ cols, rows: threads, lanes, lines: threads / lanes, groups, isShort, ahead },
    all: `0x${(2 ** lanes - 1).toString(16)}u`,
    ...{ warps, warpLines: warp / lanes, warpRows: threads / warps, owned: cols / warp },
  };
}
