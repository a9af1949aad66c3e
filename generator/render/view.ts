import type { ElementKernel, Kernel, KernelState } from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { correctionName } from "../names.js";
import { printFragment, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { baseView, geometryView, operandView } from "./base.js";
import { finiteView } from "./finite.js";
import { isUnsigned, keptTable, lineLevels, ownLevel } from "./line-levels.js";
import { ordinaryView } from "./ordinary.js";
import { type Panel, panelOf } from "./panels.js";
import { foldView, sweepView } from "./reductions.js";
import { arraysOf, matrixNeeds, vectorView } from "./shapes.js";
import {
  bytesOf,
  fetchesScales,
  gathers,
  granuleOf,
  prefetches,
  readsAhead,
  residentOf,
  shareOf,
  tabledLevels,
  widened,
  writesLines,
} from "./shares.js";
import { ordinarySpread, positionsOf } from "./spread.js";
import { isShared } from "./state.js";

/** What templates see of a kernel: names, numbers, yes or no, and finished lines of code. */
export type KernelView = ElementView | SweepView | FoldView;
type ElementState = ReturnType<typeof baseView>["states"][number];
export type ElementView = ReturnType<typeof elementView>;
export type SweepView = ReturnType<typeof sweepView>;
export type FoldView = ReturnType<typeof foldView>;

export function kernelView(kernel: Kernel, target: Target): KernelView {
  if (kernel.kind === "sweep") return sweepView(kernel, target);
  return kernel.kind === "fold" ? foldView(kernel, target) : elementView(kernel, target);
}

function elementView(planned: ElementKernel, target: Target) {
  const { dialect } = target;
  const isStep = planned.kind === "step";
  const granule = granuleOf(planned, target);
  const kernel = widened(planned, granule, target);
  const granules = kernel.tile / granule;
  const threads = Math.min(granules, target.capabilities.threads);
  const rounds = Math.ceil(granules / threads);
  // What lanes have found is gone after a round: where another state needs memory, and with it all rounds, none exchange.
  const exchanges = rounds === 1 || kernel.states.every((state) => !isShared(state, granule, target));
  const base = baseView(kernel, granule, exchanges, target);
  const { states } = base;
  const vectors = kernel.vectors.map((vector) => vectorView(vector, "element", dialect));
  const parameter = operandView(kernel.parameter, kernel, kernel.update, granule, target);
  const gradient = operandView(kernel.gradient, kernel, kernel.update, granule, target);

  for (const state of states)
    state.tabled = rounds === 1 && !base.anyRank1 ? tabledLevels(kernel, state, target) : 0;
  const finite = finiteView(kernel, states, dialect);
  for (const [place, state] of states.entries()) state.takesSize = finite?.takeSizes[place] ?? false;
  const ordinary = ordinaryView(kernel, states, dialect);
  const isEnclosed = ordinary !== null && ordinary.enclosure !== null;
  const anyShared = kernel.kind === "step" && states.some(({ isShared }) => isShared);
  const isHalf = kernel.parameter.bits === 16;
  const runs = states.flatMap(({ run }) => (run > 0 ? [run] : []));
  const panel =
    base.anyRank1 && rounds === 1 && !anyShared
      ? panelOf(
          { granule, threads, runs, isHalf, ...needsOf(kernel, states, ordinary, [parameter, gradient]) },
          target.capabilities,
        )
      : null;
  // With parameters of 32 bits memory takes longer than instructions: what saves these was 1 to 4 % slower (bench/cuda.md).
  const isLean = panel !== null && ordinary !== null && isHalf;
  const warps = threads / target.capabilities.lanes;
  const isOneRound = isStep && rounds === 1 && panel === null;
  for (const [place, state] of states.entries()) {
    state.isGathered = isOneRound && gathers(state, warps, target);
    state.positions = positionsOf(kernel.states[place] as KernelState, state, dialect);
  }
  const isGathered = states.some((state) => state.isGathered);
  const anyStateStream = states.some(({ isStochastic }) => isStochastic);
  const keepsStreams = panel === null && Number.isInteger(Math.log2(kernel.tile));
  const isAhead = rounds === 1 && readsAhead(kernel, states, target);
  const isFetched = isOneRound && !isAhead && prefetches(kernel, states, target);
  for (const state of states) state.fetchesScales = isFetched && fetchesScales(state);
  const resident = residentOf(kernel, states, isAhead ? `${threads}x${granule}` : null, target);
  const read = namesRead([kernel.update]);

  const geometry = geometryView(base.needsMatrix || panel !== null, base.anyRank1, panel !== null);

  return {
    ...base,
    ...geometry,
    panel,
    isLean,
    /** Null where blocks ask for chunks, as those that gather do. */
    share: isGathered ? null : shareOf(kernel, target, panel !== null),
    /** Whether a thread reads elements to registers before it works on others. */
    holds: isAhead || (panel !== null && ordinary !== null),
    ordinary:
      ordinary === null
        ? null
        : { ...ordinary, lineBounds: isLean ? lineBounds(ordinary.bounds, states, panel) : ordinary.bounds },
    /** Whether it begins to copy rows of a block's next panel while it has a last one: to measure alone it was 3 % slower. */
    goesOn: isLean && isStep,
    /** Whether squares are added up over a panel, of which nothing else is asked than how great they are. */
    sumsPanel: panel !== null && ordinary !== null && kernel.kind === "measure" && asksSquares(ordinary),
    /** Of new scales whose reciprocals are no subnormal numbers. */
    greatestScale: dialect.constants.f32(2 ** 100),
    /** Whether a lane keeps the new scale of a row of a panel until all rows have one. */
    keepsScales: isStep && isLean,
    /** Whether most codes of new parameters are found from values near these. */
    isEnclosed,
    /** Whether it hands on where a tensor is described. */
    readsShape: base.anyRank1 || isEnclosed,
    states:
      ordinary === null
        ? states.map((state) => inPanels(state, panel))
        : states.map((state, place) => {
            const own = kernel.states[place] as KernelState;
            const spread = ordinarySpread(own, dialect);
            const { scaleBound } = withMagnitude(state, ordinary, isStep);
            const levels = {
              /** How it is decoded in a panel without a table. */
              line: isLean && scaleBound !== null ? lineLevels(own, kernel.tables, dialect) : null,
              /** How a lane decodes the level that it gives others. */
              own: isLean && state.hasLevelLanes ? ownLevel(own, dialect) : null,
              /** Whether the scales of a panel's row are asked for, where it reads them or is not lean. */
              isRowScale: state.hasScale && !(isLean && isLineRun(state, panel) && !state.isHeld),
              ...keptTable(own, kernel.tables, dialect),
              /** Whether magnitudes of a panel are found on the bits of values. */
              isPanelOrder: isLean && state.isRank1 && isUnsigned(own, kernel.tables),
            };
            return Object.assign(inPanels(state, panel), levels, spread);
          }),
    uniforms: base.uniforms.map((uniform) => ({
      ...uniform,
      /** Whether the update reads it, and whether it is what numbers of ordinary size are divided by. */
      isUpdate: read.has(uniform.field),
      isDivisor:
        ordinary?.uniforms.some(({ name, isDivisor }) => isDivisor && name === uniform.name) ?? false,
    })),
    isStep,
    isMeasure: kernel.kind === "measure",
    parameter,
    gradient,
    readsP: isStep || parameter.isRead,
    readsG: isStep || gradient.isRead,
    /** Whether it reads or writes what passes leave for later ones. */
    readsNext: base.anyGlobal || kernel.vectors.some(({ isKept }) => !isKept),
    tile: kernel.tile,
    granules,
    threads,
    /** Workgroups that a processor should hold at once. */
    residentBlocks: Math.max(1, Math.floor(resident / (threads * granule))),
    /** Whether a thread reads what it works on next before it works on this. */
    isAhead,
    /** Whether one thread has L2 fetch what all of them read next. */
    prefetches: isFetched,
    /** Whether no warp waits for another one, so that any may do it. */
    fetchesAlone: isFetched && !isGathered,
    rounds,
    /** Whether one warp of several computes what follows from order statistics for all of them. */
    gathers: isGathered,
    writesLines: isGathered && ordinary !== null && writesLines(kernel, granule, target),
    warps,
    /** Whether what is known of a tensor is kept for its next tile, beside its random streams. */
    keepsTensor: isGathered && keepsStreams && anyStateStream,
    /** Whether some thread has no granule in the last round. */
    isSeveralRounds: rounds > 1,
    ragged: rounds * threads !== granules,
    /** Elements that one thread owns. */
    owned: rounds * granule,
    newParameter: printName(kernel.parameter.variables.value.name, dialect),
    updateLines: printFragment(kernel.update, dialect),
    finite,
    vectors: vectors.map((vector) => ({
      ...vector,
      /** What it is held to where numbers are of ordinary size. */
      ordinary: ordinary?.vectors.find(({ name }) => name === vector.name) ?? null,
    })),
    /** Whether there is a value for each column. */
    anyOfColumns: vectors.some(({ isColOfElement }) => isColOfElement),
    needsPlace: vectors.some(({ isFirst }) => !isFirst),
    /** Whether it asks where elements stand in a tensor, or in which row and column of a matrix. */
    needsElementPlace: vectors.some(({ isSame }) => isSame),
    needsLine: vectors.some(({ isSame, isFirst }) => !isSame && !isFirst),
    ...matrixNeeds([], vectors, states),
    arrays: arraysOf(kernel.vectors),
    /** Some state's statistics are measured here, so that elements are visited twice. */
    twoPhases: kernel.kind === "step" && states.some(({ isTile }) => isTile),
    /** The arrays of a tensor that the kernel finds, in the order of its record. */
    fields: [
      ...geometry.geometry,
      ...(isStep || parameter.isRead ? ["p"] : []),
      ...(isStep || gradient.isRead ? ["g"] : []),
      ...states.flatMap(({ fields }) => fields),
      ...arraysOf(kernel.vectors),
    ],
    anyShared,
    /** Streams of the parameter and of states, under the same names. */
    isScoped: parameter.isStochastic && states.some(({ isStochastic }) => isStochastic),
    anyStateStream,
    /** Whether one tile after the other is worked on, each in one part of 2^32 elements, of which random streams are. */
    keepsStreams,
    anyStream: [...states, parameter].some(({ isStochastic }) => isStochastic),
  };
}

/** What a kernel over panels has in shared memory. */
function needsOf(
  kernel: ElementKernel,
  states: readonly ElementState[],
  ordinary: ReturnType<typeof ordinaryView>,
  operands: readonly { readonly isRead: boolean; readonly isHalf: boolean }[],
) {
  const isStep = kernel.kind === "step";
  const held = states.filter(({ state }) => isStep || ordinary?.reads.has(state));
  const read = operands
    .filter(({ isRead }) => isStep || isRead)
    .map(({ isHalf }) => ({ bits: isHalf ? 16 : 32 }));
  const scaled = states.filter(({ isRank1 }) => isRank1);
  return {
    bits: [...read, ...held].reduce((sum, { bits }) => sum + bits, 0),
    tables: bytesOf(kernel.tables),
    columns: scaled.length * (isStep ? 2 : 1),
    parts: scaled.filter(({ hasMaximum }) => hasMaximum).length,
  };
}

function inPanels<State extends ElementState>(state: State, panel: Panel | null) {
  return Object.assign(state, {
    /** Whether a row of a panel has one scale. */
    isLineRun: isLineRun(state, panel),
    /** Whether its scales are at hand in a panel. */
    isPanelScale: panel !== null && (state.isRank1 || isLineRun(state, panel)),
  });
}

function isLineRun({ run, hasAlpha }: ElementState, panel: Panel | null): boolean {
  return panel !== null && run === panel.cols && !hasAlpha;
}

/** Whether nothing is asked of an element itself but its squares. */
function asksSquares({
  squares,
  sums,
  present,
  vectors,
}: NonNullable<ReturnType<typeof ordinaryView>>): boolean {
  return squares.length > 0 && sums.length + present.length + vectors.length === 0;
}

/** What a row of a panel is asked, since of its scales a panel is. */
function lineBounds<
  Bound extends { readonly scale?: string | null | undefined; readonly scales: string | null },
>(bounds: readonly Bound[], states: readonly ElementState[], panel: Panel | null): readonly Bound[] {
  const ofLines = states.filter(({ run, hasAlpha }) => run === panel?.cols && !hasAlpha);
  return bounds.filter(({ scale, scales }) => {
    return scales === null && (scale == null || !ofLines.some((state) => state.scale === scale));
  });
}

function withMagnitude(
  state: ElementState,
  {
    magnitudeLines,
    reads,
    bounds,
    normal,
    nonNegative,
    products,
  }: NonNullable<ReturnType<typeof ordinaryView>>,
  isStep: boolean,
) {
  // The second part of p is read with the first.
  const isOrdinaryRead = reads.has(state.state) || state.state === correctionName;
  return Object.assign(state, {
    ordinaryMagnitudeLines: magnitudeLines.get(state.state) ?? [],
    /** Whether its old scales are checked in place of its values, and how great they may be. */
    ordinaryBound: bounds.find(({ scales }) => scales === `${state.state}_scales`)?.bound ?? null,
    /** The same, of scales of rows too. */
    scaleBound:
      bounds.find(({ scale, scales }) => scale === state.scale || scales === `${state.state}_scales`) ?? null,
    /** What lanes fetch in place of its old value. */
    product: products.find((product) => product.state === state.state) ?? null,
    /** Whether new values of ordinary size are zero or normal. */
    isNormal: normal.has(state.state),
    /** Whether such values are their own magnitudes, of which nothing else is asked than which is the greatest. */
    isOwnMagnitude: nonNegative.has(state.state) && state.granuleInRun && !state.hasSpread,
    isOrdinaryRead,
    /** Whether it is read ahead: what is not packed is stored from where it was read. */
    isHeld: isStep || isOrdinaryRead,
  });
}
