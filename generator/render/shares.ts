import { ordinaryUpdate } from "../ir/ordinary.js";
import type { ElementKernel, Kernel, Table } from "../ir/types.js";
import type { Target } from "../target.js";
import { isShared, type stateView } from "./state.js";

/** What a thread, a workgroup and a processor own of a kernel's elements. */

type StateView = ReturnType<typeof stateView>;

/** A thread's share: a multiple of the plan's granule of the size the target asks for, where tiles divide so. */
export function granuleOf(kernel: ElementKernel, target: Target): number {
  const { tile, states, parameter } = kernel;
  const { granule: least, fill } = target.capabilities;
  const isFilled = (elements: number): boolean =>
    fill === undefined ||
    elements >= fill.most ||
    (elements * parameter.bits >= fill.parameter &&
      states.every(({ locate, bits }) => locate === null || elements * bits >= fill.codes));
  const runs = states.flatMap(({ statistic }) => (typeof statistic?.run === "number" ? [statistic.run] : []));
  const divides = (elements: number): boolean => [tile, ...runs].every((run) => run % elements === 0);
  let granule = kernel.granule;
  while (granule < least) granule *= 2;
  if (tile % granule !== 0) return kernel.granule;
  while (isBusy(kernel, target) && !isFilled(granule) && divides(2 * granule)) granule *= 2;
  const { stretch = granule } = target.capabilities;
  while (2 * granule <= stretch && divides(2 * granule)) granule *= 2;
  return granule;
}

/** With tiles for as many threads as the target asks for, where threads that exchange values measure all runs. */
export function widened(kernel: ElementKernel, granule: number, target: Target): ElementKernel {
  const { threads, fewest = 0, shared = Number.POSITIVE_INFINITY } = target.capabilities;
  const isMeasuredInMemory = kernel.states.some((state) => isShared(state, granule, target));
  if (isMeasuredInMemory || !(ranks(kernel) || isBusy(kernel, target))) return kernel;
  const wanted = bytesOf(kernel.tables) < shared ? fewest : threads;
  let { tile } = kernel;
  while (tile < wanted * granule) tile *= 2;
  return { ...kernel, tile };
}

export function bytesOf(tables: readonly Table[]): number {
  const width = ({ type, values }: Table): number =>
    type === "f32" || values.some((value) => value > 255) ? 4 : 1;
  return tables.reduce((bytes, table) => bytes + table.values.length * width(table), 0);
}

/**
 * Whether a thread should read what it works on next before it encodes this. With 16 bits an element its instructions take
 * longer than memory does.
 */
export function readsAhead(kernel: ElementKernel, states: readonly StateView[], target: Target): boolean {
  const isMeasuredByLanes = states.every(({ isPacked, hasScale, isLanes }) => {
    return !isPacked || !hasScale || isLanes;
  });
  return isBusy(kernel, target) && kernel.parameter.bits === 32 && isMeasuredByLanes;
}

/**
 * Whether one thread of several should have L2 fetch what all of them read next, in pieces of 16 bytes. Where instructions
 * limit, no registers are left to read ahead to, and a third of what warps wait for is memory.
 */
export function prefetches(kernel: ElementKernel, states: readonly StateView[], target: Target): boolean {
  const { tile, parameter, gradient } = kernel;
  const bits = [parameter.bits, gradient.bits, ...states.map((state) => state.bits)];
  const isWhole = bits.every((width) => (tile * width) % PIECE === 0);
  const isBusyOfStates = isBusyOfHalves(kernel, target) && states.some(({ isPacked }) => isPacked);
  return isWhole && (isBusyOfStates || states.some(({ isGathered }) => isGathered));
}

/** Whether scales of a tile's runs are whole pieces, too. */
export function fetchesScales({ isLanes, runs, isHalfScale }: StateView): boolean {
  return isLanes && (runs * (isHalfScale ? 16 : 32)) % PIECE === 0;
}

/** Bits of what L2 fetches at least. */
const PIECE = 128;

/** Tiles that a workgroup should work on, or panels. */
export function shareOf(kernel: Kernel, target: Target, hasPanels = false): number {
  const { share } = target.capabilities;
  if (share === undefined) return 1;
  if (hasPanels) return share.panels;
  if ("update" in kernel && (ranks(kernel) || isBusy(kernel, target))) return share.busy;
  return "tables" in kernel && kernel.tables.length > 0 ? share.tabled : share.plain;
}

/** Whether runs have order statistics, which are much to do. */
function ranks({ kind, states }: ElementKernel): boolean {
  return kind === "step" && states.some(({ statistic }) => statistic !== null && statistic.spread !== null);
}

/**
 * Whether one warp of several computes what follows from the order statistics of a state's runs: a thread a run, in place of all
 * that own it.
 */
export function gathers({ isLanes, hasSpread, runs }: StateView, warps: number, target: Target): boolean {
  return Number.isInteger(warps) && warps > 1 && isLanes && hasSpread && runs <= target.capabilities.lanes;
}

/**
 * Whether lanes write the new parameters of their neighbours, through shared memory: of 16 floats a thread, four accesses of its
 * own would each be of half a sector.
 */
export function writesLines({ parameter, states }: ElementKernel, granule: number, target: Target): boolean {
  const isPacked = states.every(({ locate }) => locate !== null);
  return isPacked && parameter.bits === 32 && granule === 16 && target.capabilities.lanes === 32;
}

/**
 * Levels of 4 bits that each thread puts in a table of its run's, so that an element finds its own by a byte, with all that
 * levels are multiplied by; 0 where there is no table. Beside order statistics, which leave reads the time, and for 16 bits an
 * element, whose instructions take longer than memory does: with what reads ahead it was slower.
 */
export function tabledLevels(kernel: ElementKernel, state: StateView, target: Target): number {
  const { dialect } = target;
  const { bits, lanes, hasAlpha, hasLevelLanes, isCodec, granuleInRun, words, levels } = state;
  const isFit = bits === 4 && isCodec && granuleInRun && !hasAlpha && !hasLevelLanes;
  const isShared = lanes >= 4 && lanes <= 16 && Number.isInteger(words);
  const isApt = ranks(kernel) || isBusyOfHalves(kernel, target);
  return dialect.ordinary !== null && isApt && isFit && isShared ? levels / lanes : 0;
}

/** Elements that a processor should work on at once; 0 where nothing bounds them. */
export function residentOf(
  kernel: ElementKernel,
  states: readonly StateView[],
  ahead: string | null,
  target: Target,
): number {
  const { resident } = target.capabilities;
  if (resident === undefined) return 0;
  if (ahead !== null) return resident.ahead[ahead] ?? resident.usual;
  if (states.some(({ hasSpread }) => hasSpread)) return resident.ranked;
  if (states.some(({ isRank1 }) => isRank1)) {
    return resident.shaped[kernel.kind === "step" && kernel.parameter.bits === 16 ? "halves" : kernel.kind];
  }
  return isBusyOfHalves(kernel, target) ? resident.halves : resident.usual;
}

/** Whether instructions take longer than memory does. */
export function isBusyOfHalves(kernel: ElementKernel, target: Target): boolean {
  return kernel.parameter.bits === 16 && isBusy(kernel, target);
}

/**
 * Whether quotients and the codes of packed states keep threads busy, rather than memory, and nothing else takes their
 * registers: quantiles, scales of rows and columns, vectors beside 32 bits an element.
 */
function isBusy(kernel: ElementKernel, { dialect }: Target): boolean {
  const { kind, states, vectors, parameter } = kernel;
  const packed = states.filter(({ locate }) => locate !== null);
  return (
    kind === "step" &&
    packed.length > 0 &&
    (vectors.length === 0 || parameter.bits === 16) &&
    packed.every(({ statistic, straddles }) => {
      if (straddles) return false;
      return statistic === null || (typeof statistic.run === "number" && statistic.spread === null);
    }) &&
    dialect.ordinary !== null &&
    ordinaryUpdate(kernel) !== null
  );
}
