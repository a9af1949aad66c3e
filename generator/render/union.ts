import { RANK1_BLOCK } from "../lower/variants.js";
import type { FoldView, KernelView, SweepView } from "./view.js";

/** What a file that holds all kernels of a package needs once. */
export function unionOf(kernels: readonly KernelView[]) {
  const tables = new Map(kernels.flatMap((kernel) => kernel.tables).map((table) => [table.name, table]));
  // A measuring kernel has only the states that it reads, and some dtypes have a state more than others.
  const states = new Set(
    kernels.filter(({ isStep }) => isStep).flatMap((kernel) => kernel.states.map(({ state }) => state)),
  );
  const anyPanels = kernels.some((kernel) => "panel" in kernel && kernel.panel !== null);
  const codecStates = kernels.find(({ isStep }) => isStep)?.states.filter(({ isCodec }) => isCodec) ?? [];
  return {
    tables: [...tables.values()],
    /** Of states, the same in all kernels. */
    segments: [
      ...new Map(
        kernels.flatMap(({ states: own }) =>
          own.flatMap(({ state, segments }) => (segments === null ? [] : [[state, segments] as const])),
        ),
      ).values(),
    ],
    anyOrdinary: kernels.some((kernel) => "ordinary" in kernel && kernel.ordinary !== null),
    anyEnclosure: kernels.some((kernel) => "isEnclosed" in kernel && kernel.isEnclosed),
    anyOwnMagnitude: kernels.some(({ states: own }) =>
      own.some((one) => "isOwnMagnitude" in one && one.isOwnMagnitude),
    ),
    anyLate: kernels.some((kernel) => "ordinary" in kernel && kernel.ordinary?.isLate === true),
    anySquares: kernels.some((kernel) => "ordinary" in kernel && (kernel.ordinary?.squares.length ?? 0) > 0),
    anyDivisor: kernels.some(
      (kernel) => "ordinary" in kernel && kernel.ordinary?.uniforms.some(({ isDivisor }) => isDivisor),
    ),
    anyGlobal: kernels.some(({ anyGlobal }) => anyGlobal),
    anyTabled: kernels.some(({ states: own }) => own.some(({ tabled }) => tabled > 0)),
    anySpread: kernels.some(({ anySpread }) => anySpread),
    anyLanes: kernels.some(
      (kernel) =>
        (kernel.isStep && kernel.states.some(({ isLanes }) => isLanes)) ||
        ("panel" in kernel && kernel.panel !== null && kernel.isMeasure),
    ),
    anyPrefetch: kernels.some((kernel) => "prefetches" in kernel && kernel.prefetches),
    anyWarpLines: kernels.some((kernel) => "writesLines" in kernel && kernel.writesLines),
    anyLanesSpread: kernels.some(
      ({ isStep, states: own }) => isStep && own.some(({ isLanes, hasSpread }) => isLanes && hasSpread),
    ),
    anyLowRank: kernels.some(
      ({ isStep, states: own }) => isStep && own.some(({ isLanes, isLowRank }) => isLanes && isLowRank),
    ),
    anyLikelyRank: kernels.some(({ states: own }) => own.some(({ likelyRank }) => likelyRank > 0)),
    anyPositions: kernels.some(({ states: own }) =>
      own.some((one) => "positions" in one && one.positions !== null),
    ),
    anyRank: kernels.some(
      ({ isStep, states: own }) =>
        isStep && own.some(({ isLanes, hasSpread, isLowRank }) => isLanes && hasSpread && !isLowRank),
    ),
    flatRun: RANK1_BLOCK.block,
    anyPanels,
    anyLean: kernels.some((kernel) => "isLean" in kernel && kernel.isLean),
    /** Panels that are not: kernels of one package may be of several types of parameters. */
    anyWide: kernels.some((kernel) => "isLean" in kernel && kernel.panel !== null && !kernel.isLean),
    anyColumns: anyPanels || kernels.some(({ anyRank1 }) => anyRank1),
    anyRank1: kernels.some(({ anyRank1 }) => anyRank1),
    anySum: kernels.some((kernel) => "anySum" in kernel && kernel.anySum),
    anyMaximum: kernels.some((kernel) => "anyMaximum" in kernel && kernel.anyMaximum),
    ...groupsOf(kernels),
    /** Terms that folds sum, each by a tree of its own. */
    sums: [...new Set(kernels.flatMap((kernel) => ("stores" in kernel ? kernel.reductions : [])))]
      .filter(({ isSum }) => isSum)
      .map(({ term }) => term)
      .filter((term, index, all) => all.indexOf(term) === index),
    needsKeys:
      codecStates.some(({ isStochastic }) => isStochastic) || kernels.some(({ anyShaped }) => anyShaped),
    anyStream: kernels.some(({ anyStream }) => anyStream),
    anyHalf: kernels.some(({ anyHalf }) => anyHalf),
    anyLine: kernels.some((kernel) => "needsLine" in kernel && kernel.needsLine),
    /** What kernels over elements look up, in fast memory where there is any. */
    anyTables: kernels.some((kernel) => "ordinary" in kernel && kernel.tables.length > 0),
    hasRuns: kernels.some(({ states: own }) => own.some(({ hasMaximum }) => hasMaximum)),
    needsBfloat16: kernels.some(({ needsBfloat16 }) => needsBfloat16),
    needsSlope: kernels.some(({ needsSlope }) => needsSlope),
    needsBits: kernels.some(({ needsBits }) => needsBits),
    needsFromBits: kernels.some(({ needsFromBits }) => needsFromBits),
    needsWord: kernels.some(({ needsWord }) => needsWord),
    /** Room for one tile of each state that is packed. */
    scratch: [...states].flatMap((name) => {
      const uses = kernels.flatMap(({ states: own }) => own.filter(({ state }) => state === name));
      const packed = uses.filter(({ isPacked }) => isPacked);
      if (packed.length === 0) return [];
      const runs = Math.max(...packed.map(({ runs }) => runs));
      const hasSpread = packed.some((use) => use.hasSpread);
      const isStochastic = packed.some((use) => use.isStochastic);
      const tile = Math.max(...packed.map((use) => use.tile));
      return [{ state: name, tile, runs, hasRuns: runs > 0, hasSpread, isStochastic }];
    }),
    /** The kernels of the spec's own codecs: the first variant's last pass. */
    codecStates,
    codecGranule: kernels.find(({ isStep }) => isStep)?.granule ?? 1,
  };
}

/** What kernels need that reduce elements square by square, or neighbours in groups of threads. */
function groupsOf(kernels: readonly KernelView[]) {
  const sweeps = kernels.filter((kernel): kernel is SweepView => "rowReductions" in kernel);
  const grouped = kernels.filter((kernel): kernel is FoldView => "isGrouped" in kernel && kernel.isGrouped);
  const parted = kernels.filter(
    (kernel): kernel is FoldView => "isGrouped" in kernel && !kernel.isGrouped && kernel.isReduction,
  );
  const counts = new Map(
    sweeps.flatMap(({ cut, reductions }) => reductions.map(({ term }) => [term, cut * cut] as const)),
  );
  return {
    anySweepSum: sweeps.some(({ anySum }) => anySum),
    anyGroupMaximum: [...sweeps, ...grouped, ...parted].some(({ anyMaximum }) => anyMaximum),
    anySweepMaximum: sweeps.some(({ anyMaximum }) => anyMaximum),
    /** What a warp reduces. */
    anyWarpSum: grouped.some(({ anySum }) => anySum),
    anyWarpMaximum:
      grouped.some(({ anyMaximum }) => anyMaximum) ||
      sweeps.some(({ rowReductions }) => rowReductions.some(({ isSum }) => !isSum)),
    anyRowSum: sweeps.some(({ anyRowSum }) => anyRowSum),
    /** Sums of parts that a thread has read. */
    anyPartSum: parted.some(({ anySum }) => anySum),
    anyPartMaximum: parted.some(({ anyMaximum }) => anyMaximum),
    sweepTerms: [...counts].map(([term, count]) => ({ term, count })),
  };
}
