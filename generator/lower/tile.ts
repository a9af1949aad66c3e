/** How many elements a workgroup owns. */

/** The longest run whose statistics one workgroup can measure by itself, in elements. */
export const MAX_TILE = 8192;
/** Words that the runs of all states in a tile may take: the 16 KiB of memory that every workgroup has. */
const MAX_WORDS = 4096;
/** Of a run whose order is measured: its maximum, what is counted of it, the rank, three for its neighbours, alpha. */
const ORDERED_WORDS = 7;
/** Short runs are put together until a workgroup has this much to do. */
const MIN_TILE = 1024;
/** Runs whose order statistics a workgroup keeps in its memory at once. */
export const MAX_ORDERED_RUNS = 128;

/** A state's runs within a tile. */
export interface TileBlock {
  readonly name: string;
  /** Elements that a workgroup must own to write what it measures. */
  readonly unit: number;
  /** Elements of a run. */
  readonly block: number;
  /** Whether order statistics of its runs are measured, which is done within a tile only. */
  readonly ordered: boolean;
}

export interface Tiling {
  readonly tile: number;
  readonly tileStates: readonly string[];
  /** Whose runs do not fit into a tile with those of the others. */
  readonly globalStates: readonly string[];
}

/**
 * Whole granules, and whole blocks of as many states as fit: those whose blocks must be in a tile first, then the
 * shortest.
 *
 * @param blocks Infinity is the size of a whole tensor
 */
export function tilingOf(granule: number, blocks: readonly TileBlock[]): Tiling {
  const ordered = blocks.filter((block) => block.ordered).map(({ block }) => block);
  const longest = Math.min(MAX_TILE, Math.max(granule, MAX_ORDERED_RUNS * Math.min(...ordered)));
  const tileOf = (run: number): number => {
    const together = Math.max(1, Math.ceil(Math.min(MIN_TILE, longest) / run));
    return run * Math.max(1, Math.min(together, Math.floor(longest / run)));
  };
  let run = granule;
  const tileStates: string[] = [];
  const globalStates: string[] = [];
  const inOrder = [...blocks].sort((a, b) => Number(b.ordered) - Number(a.ordered) || a.unit - b.unit);
  /** Words an element. */
  let kept = 0;
  for (const { name, unit, block, ordered } of inOrder) {
    const longer = Number.isFinite(unit) ? leastCommonMultiple(run, unit) : unit;
    const words = kept + (ordered ? ORDERED_WORDS : 1) / block;
    if (longer > longest || tileOf(longer) * words > MAX_WORDS) globalStates.push(name);
    else {
      tileStates.push(name);
      kept = words;
      run = longer;
    }
  }
  return { tile: tileOf(run), tileStates, globalStates };
}

/** Elements of the shortest run of whole words. */
export function wordElements(bits: number): number {
  return 32 / greatestCommonDivisor(32, bits);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
