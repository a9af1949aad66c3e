import { prune } from "../ir/prune.js";
import type { Kernel, KernelState, StateVariables } from "../ir/types.js";
import { RANK1_BLOCK } from "../lower/variants.js";
import type { Dialect } from "../print/dialect.js";
import { printFragment, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { highestBytes } from "./highest.js";
import type { positionsOf } from "./spread.js";
import { lookupAhead, stagesOf } from "./stages.js";
import { summedCodes } from "./summed.js";
import { segmentsView } from "./tables.js";

/** As many of the least magnitudes of a run are found by sorting. */
const LOW_RANKS = 16;

/** How many threads own a run, where they are a power of two and neighbours in one exchange. */
function lanesOf(threads: number, { capabilities }: Target): number {
  return threads >= 1 && threads <= capabilities.lanes && Number.isInteger(Math.log2(threads)) ? threads : 0;
}

/** Whether more threads measure a run of a state than exchange values, or some that are no neighbours. */
export function isShared({ statistic }: KernelState, granule: number, target: Target): boolean {
  if (statistic?.source !== "tile" || typeof statistic.run === "string") return false;
  return lanesOf(statistic.run / granule, target) === 0;
}

/** Where one is divided by numbers of ordinary size and by nothing else. */
function withReciprocal(dialect: Dialect): Dialect {
  const { reciprocal = dialect.ops["f32.div"] } = dialect;
  return { ...dialect, ops: { ...dialect.ops, "f32.div": reciprocal } };
}

function namesOf(variables: StateVariables, dialect: Dialect): Record<string, string> {
  const names: Record<string, string> = {};
  for (const role in variables)
    names[role] = printName(variables[role as keyof StateVariables].name, dialect);
  return names;
}

export function stateView(
  state: KernelState,
  kernel: Kernel,
  granule: number,
  exchanges: boolean,
  target: Target,
) {
  const { dialect, capabilities } = target;
  const { variables, statistic } = state;
  const isPacked = state.locate !== null;
  const run = statistic?.run ?? "tensor";
  const isMeasured = "update" in kernel;
  const granuleInRun = run === "tensor" || (typeof run === "number" && run % granule === 0);
  const isTile = isMeasured && statistic?.source === "tile";
  const isGlobal = isMeasured && statistic?.source === "global";
  const spread = isTile ? (statistic?.spread ?? null) : null;
  const hasAlpha = state.decode?.inputs.some(({ name }) => name === variables.alpha.name) ?? false;
  const words = (granule * state.bits) / 32;
  const lanes = exchanges && isTile && typeof run === "number" ? lanesOf(run / granule, target) : 0;
  const tile = "update" in kernel ? kernel.tile : 0;
  const hasMaximum = kernel.kind === "step" ? isTile : isGlobal;
  const isLowRank =
    spread !== null &&
    lanes > 1 &&
    lanes <= LOW_RANKS &&
    granule >= LOW_RANKS / 2 &&
    spread.greatestRank + 2 <= LOW_RANKS;
  const isLikely = run === 128 && lanes === 8 && (spread?.greatestRank ?? 1) % 2 === 0;
  const view = {
    /** The state's own name, of which its arrays' names are made. */
    state: state.name,
    isPlain: !isPacked,
    isPacked,
    /** Whether its codes can be decoded by themselves. */
    isCodec: (state.decode?.outputs ?? []).length > 0,
    array: statistic === null ? state.name : `${state.name}_codes`,
    /** That array, or where it begins, in the code. */
    data: statistic === null ? `${state.name}_data` : `${state.name}_codes`,
    hasScale: statistic !== null,
    /** Whether scales are kept in 16 bits. */
    isHalfScale: statistic?.half != null,
    /** Whether its runs have a second parameter, of their order statistics. */
    hasAlpha,
    hasSpread: spread !== null,
    /** Whether this kernel measures it. */
    hasMaximum,
    /** Whether it does so element by element; else it is the last of those that are sorted. */
    takesMaximum: hasMaximum && !isLowRank,
    fields: [
      statistic === null ? state.name : `${state.name}_codes`,
      ...(statistic === null ? [] : [`${state.name}_scale`]),
      ...(hasAlpha ? [`${state.name}_alpha`] : []),
      ...(isGlobal ? [`${state.name}_next`] : []),
    ],
    isTile,
    isGlobal,
    isTensor: run === "tensor",
    isRow: run === "row",
    isCol: run === "col",
    isRank1: run === "rank1",
    /** Elements that share a scale instead where a tensor has less than two dimensions. */
    flatRun: RANK1_BLOCK.block,
    /** Whether the shape of a tensor decides which elements share a scale. */
    isShaped: run === "row" || run === "col" || run === "rank1",
    run: typeof run === "string" ? 0 : run,
    /** Runs that a tile holds. */
    runs: isTile && typeof run === "number" ? tile / run : 0,
    /** Elements of the runs whose scales share a word, and words that the scales of a tile take. */
    scaleWordRun: typeof run === "number" ? 2 * run : 0,
    scaleWords: isTile && typeof run === "number" ? tile / run / 2 : 0,
    /** Threads that own one run and exchange its maximum among themselves; 0 where they need shared memory. */
    lanes,
    isLanes: lanes > 0,
    /** Whether they can have each a level of their run. */
    hasLevelLanes: lanes >= 2 ** state.bits && state.decode !== null && !state.straddles,
    levels: 2 ** state.bits,
    /** Levels of its run that each of them puts in a table of the run's; 0 where there is none. */
    tabled: 0,
    /** Whether they look for a rank among the least magnitudes of a run. */
    isLowRank,
    /** Whether one thread computes what follows from a run's order statistics for those that own it. */
    isGathered: false,
    /** How most of its codes are found by logarithms. */
    positions: null as ReturnType<typeof positionsOf>,
    /** Whether L2 fetches the scales of a tile's runs at once. */
    fetchesScales: false,
    /** That rank in a whole run without zeros, where a shorter way to it mostly does; else 0. */
    likelyRank: isLowRank && isLikely ? (spread?.greatestRank ?? 0) : 0,
    isShared: isTile && lanes === 0,
    isOneRun: isTile && tile === run,
    /** Whether a granule lies within one run. */
    granuleInRun,
    /** Whether magnitudes are taken with the greatest of them, from values of either sign. */
    takesSize: false,
    isStochastic: state.stream !== null,
    straddles: state.straddles,
    bits: state.bits,
    isByte: state.bits === 8,
    /** Whether a granule has whole registers of codes of 4 bits. */
    isNibbles: state.bits === 4 && granule % 128 === 0,
    words,
    isOneWord: words === 1,
    /** Room for the part of a last code that does not exist. */
    wordsAndRest: words + (state.straddles ? 1 : 0),
    locateLines: printFragment(state.locate, dialect),
    unpackLines: printFragment(state.unpack, dialect),
    decodeLines: printFragment(state.decode, dialect),
    magnitudeLines: printFragment(statistic?.magnitude ?? null, dialect),
    scaleLines: printFragment(statistic?.scale ?? null, dialect),
    /** The same where it is of ordinary size. */
    ordinaryScaleLines: printFragment(statistic?.scale ?? null, withReciprocal(dialect)),
    ordinaryInverseLines: printFragment(
      statistic === null ? null : prune(statistic.scale, [variables.inverse]),
      withReciprocal(dialect),
    ),
    /** The part of it that gives what is stored. */
    newScaleLines: printFragment(
      statistic === null
        ? null
        : prune(statistic.scale, [statistic.half === null ? variables.newScale : variables.newScaleCode]),
      dialect,
    ),
    scaleLocateLines: printFragment(statistic?.half?.locate ?? null, dialect),
    scaleUnpackLines: printFragment(statistic?.half?.unpack ?? null, dialect),
    scaleDecodeLines: printFragment(statistic?.half?.decode ?? null, dialect),
    scalePackLines: printFragment(statistic?.half?.pack ?? null, dialect),
    inverseLines: printFragment(
      statistic === null ? null : prune(statistic.scale, [variables.inverse]),
      dialect,
    ),
    keyLines: printFragment(spread?.order.key ?? null, dialect),
    keyedLines: printFragment(spread?.order.keyed ?? null, dialect),
    missing: spread === null ? "" : dialect.constants.u32(spread.order.missing),
    rankLines: printFragment(spread?.rank ?? null, dialect),
    alphaLines: printFragment(spread?.alpha ?? null, dialect),
    rateLines: printFragment(spread?.rate ?? null, dialect),
    streamLines: printFragment(state.stream, dialect),
    encodeLines: printFragment(state.encode, dialect),
    /** Where codes are packed as sums of floats. */
    summed: capabilities.sums ? summedCodes(state.encode, state.bits, words, dialect) : null,
    highest: capabilities.sums ? highestBytes(state.encode, state.name, state.bits, words, dialect) : null,
    /** Where large tables are looked up for many elements at once: before it is decoded, and between parts of encoding. */
    ahead: lookupAhead(state.decode, kernel.tables, capabilities.scattered, dialect),
    encodeStages: stagesOf(state.encode, kernel.tables, capabilities.scattered, dialect),
    segments: granuleInRun ? segmentsView(state, granule, dialect) : null,
    /** What of the next tile is asked for while this state is encoded. */
    asked: "",
    packLines: printFragment(state.pack, dialect),
  };
  // Of one hidden class with all of its kind, which an object that begins with a record of any keys is not.
  return Object.assign(view, namesOf(variables, dialect));
}
