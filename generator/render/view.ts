import type { ElementKernel, Kernel } from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { correctionName } from "../names.js";
import { printFragment, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { baseView, operandView } from "./base.js";
import { ordinaryView } from "./ordinary.js";
import { foldView, sweepView } from "./reductions.js";
import { arraysOf, matrixNeeds, vectorView } from "./shapes.js";
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

  const ordinary = ordinaryView(kernel, states, dialect);
  const isAhead = ordinary !== null && readsAhead(kernel, states, rounds);
  const resident = residentOf(states, isAhead ? granule : null, kernel.parameter.bits === 16, target);
  const read = namesRead([kernel.update]);

  return {
    ...base,
    ordinary,
    states: ordinary === null ? states : states.map((state) => withMagnitude(state, ordinary)),
    uniforms: base.uniforms.map((uniform) => ({
      ...uniform,
      /** Whether the update reads it, and whether it is what numbers of ordinary size are divided by. */
      isUpdate: read.has(uniform.field),
      isDivisor:
        ordinary?.uniforms.some(({ name, isDivisor }) => isDivisor && name === uniform.name) ?? false,
    })),
    isStep: kernel.kind === "step",
    isMeasure: kernel.kind === "measure",
    parameter,
    gradient,
    readsP: true,
    readsG: true,
    /** Whether it reads or writes what passes leave for later ones. */
    readsNext: base.anyGlobal || kernel.vectors.some(({ isKept }) => !isKept),
    tile: kernel.tile,
    granules,
    threads,
    /** Workgroups that a processor should hold at once. */
    residentBlocks: Math.max(1, Math.floor(resident / (threads * granule))),
    /** Whether a thread reads what it works on next before it works on this. */
    isAhead,
    rounds,
    /** Whether some thread has no granule in the last round. */
    isSeveralRounds: rounds > 1,
    ragged: rounds * threads !== granules,
    /** Elements that one thread owns. */
    owned: rounds * granule,
    newParameter: printName(kernel.parameter.variables.value.name, dialect),
    updateLines: printFragment(kernel.update, dialect),
    vectors,
    needsPlace: vectors.some(({ isFirst }) => !isFirst),
    ...matrixNeeds([], vectors, states),
    arrays: arraysOf(kernel.vectors),
    /** Some state's statistics are measured here, so that elements are visited twice. */
    twoPhases: kernel.kind === "step" && states.some(({ isTile }) => isTile),
    /** The arrays of a tensor that the kernel finds, in the order of its record. */
    fields: [
      ...base.geometry,
      "p",
      "g",
      ...states.flatMap(({ fields }) => fields),
      ...arraysOf(kernel.vectors),
    ],
    anyShared: kernel.kind === "step" && states.some(({ isShared }) => isShared),
    /** Streams of the parameter and of states, under the same names. */
    isScoped: parameter.isStochastic && states.some(({ isStochastic }) => isStochastic),
    anyStateStream: states.some(({ isStochastic }) => isStochastic),
    anyStream: [...states, parameter].some(({ isStochastic }) => isStochastic),
  };
}

/**
 * Whether a thread should read what it works on next before it works on this: where quotients and codes of float32 numbers keep
 * it busy. With 16 bits an element they take longer than memory does; with nothing packed, memory would be asked for more than
 * it can give.
 */
function readsAhead(
  { kind, parameter }: ElementKernel,
  states: readonly ElementState[],
  rounds: number,
): boolean {
  const packed = states.filter(({ isPacked }) => isPacked);
  const isSimple = packed.every(({ hasScale, isLanes, hasAlpha, straddles }) => {
    return (isLanes || !hasScale) && !hasAlpha && !straddles;
  });
  return kind === "step" && parameter.bits === 32 && rounds === 1 && packed.length > 0 && isSimple;
}

/** Elements that a processor should work on at once. */
function residentOf(
  states: readonly ElementState[],
  ahead: number | null,
  isHalf: boolean,
  { capabilities }: Target,
): number {
  const { resident } = capabilities;
  if (resident === undefined) return 0;
  if (ahead !== null) return resident.ahead[ahead] ?? resident.usual;
  if (states.some(({ hasSpread }) => hasSpread)) return resident.ranked;
  if (states.some(({ isRank1 }) => isRank1)) return resident.shaped;
  return isHalf ? resident.halves : resident.usual;
}

function withMagnitude(
  state: ElementState,
  { magnitudeLines, reads }: NonNullable<ReturnType<typeof ordinaryView>>,
) {
  return Object.assign(state, {
    ordinaryMagnitudeLines: magnitudeLines.get(state.state) ?? [],
    // The second part of p is read with the first.
    isOrdinaryRead: reads.has(state.state) || state.state === correctionName,
  });
}

/** With tiles for as many threads as the target asks for, where threads that exchange values measure all runs. */
function widened(kernel: ElementKernel, granule: number, target: Target): ElementKernel {
  const { fewest = 0 } = target.capabilities;
  if (kernel.states.some((state) => isShared(state, granule, target))) return kernel;
  let { tile } = kernel;
  while (tile < fewest * granule) tile *= 2;
  return { ...kernel, tile };
}

/** A thread's share: a multiple of the plan's granule of the size the target asks for, where tiles divide so. */
function granuleOf(kernel: ElementKernel, { capabilities }: Target): number {
  const { tile, states } = kernel;
  const { granule: least, fill } = capabilities;
  const isFilled = (elements: number): boolean =>
    fill === undefined ||
    elements >= fill.most ||
    (elements * kernel.parameter.bits >= fill.parameter &&
      states.every(({ locate, bits }) => locate === null || elements * bits >= fill.codes));
  let granule = kernel.granule;
  while (granule < least || !isFilled(granule)) granule *= 2;
  if (tile % granule !== 0) return kernel.granule;
  const runs = states.flatMap(({ statistic }) => (typeof statistic?.run === "number" ? [statistic.run] : []));
  const { stretch = granule } = capabilities;
  while (2 * granule <= stretch && [tile, ...runs].every((run) => run % (2 * granule) === 0)) granule *= 2;
  return granule;
}
