import type { ElementKernel, FoldKernel, Fragment, Kernel, KernelState, Variable } from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { fragmentsOf } from "../ir/verify.js";
import { neededHelpers, printFragment, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { arraysOf, extentView, matrixNeeds, shapeView, vectorView } from "./shapes.js";
import { isShared, stateView } from "./state.js";
import { tableViews } from "./tables.js";

/** What templates see of a kernel: names, numbers, yes or no, and finished lines of code. */
export type KernelView = ElementView | FoldView;
export type ElementView = ReturnType<typeof elementView>;
export type FoldView = ReturnType<typeof foldView>;

export function kernelView(kernel: Kernel, target: Target): KernelView {
  return kernel.kind === "fold" ? foldView(kernel, target) : elementView(kernel, target);
}

function elementView(kernel: ElementKernel, target: Target) {
  const { dialect } = target;
  const granule = granuleOf(kernel, target);
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

  return {
    ...base,
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

/** The parameter or the gradient, as a fragment of the kernel reads it. */
function operandView(
  operand: KernelState,
  kernel: Kernel,
  { inputs }: Fragment,
  granule: number,
  target: Target,
) {
  return {
    ...stateView(operand, kernel, granule, false, target),
    isHalf: operand.decode !== null,
    isRead: inputs.some(({ name }) => name === operand.name),
  };
}

/** What both kinds of kernels have. */
function baseView(kernel: Kernel, granule: number, exchanges: boolean, target: Target) {
  const { dialect } = target;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const tile = kernel.kind === "fold" ? 0 : kernel.tile;
  const common = {
    index: name(kernel.variables.index),
    element: name(kernel.variables.element),
    elementHigh: name(kernel.variables.elementHigh),
    tensorId: name(kernel.variables.tensorId),
    tile,
    granule,
  };
  const states = kernel.states.map((state, index) =>
    Object.assign(stateView(state, kernel, granule, exchanges, target), common, {
      description: kernel.doc[index + 1] ?? "",
    }),
  );
  const fragments = fragmentsOf(kernel);
  const needs = neededHelpers(fragments, dialect);
  const read = namesRead(fragments);
  const vectors = kernel.kind === "fold" ? [...kernel.vectors, ...kernel.entryVectors] : kernel.vectors;
  const needsMatrix =
    kernel.kind === "fold" || vectors.length > 0 || states.some(({ isRow, isCol }) => isRow || isCol);
  const anyRank1 = states.some(({ isRank1 }) => isRank1);
  return {
    name: kernel.name,
    doc: kernel.doc,
    readsUniforms: kernel.uniforms.some(({ name: uniform }) => read.has(uniform)),
    /** What the kernel needs to know of a tensor's shape. */
    geometry: [...(needsMatrix ? ["rows", "cols"] : []), ...(anyRank1 ? ["rank", ...sizes] : [])],
    isFold: kernel.kind === "fold",
    ...common,
    states,
    uniforms: kernel.uniforms.map(({ name: uniform, type }) => ({
      field: uniform,
      name: printName(uniform, dialect),
      type: dialect.types[type],
      isKey: type === "u32",
      isRead: read.has(uniform),
    })),
    anyPacked: states.some(({ isPacked }) => isPacked),
    /** Where 16 bits are decoded, after the states that they may need. */
    anyHalf: kernel.parameter.decode !== null || kernel.gradient.decode !== null,
    anyGlobal: states.some(({ isGlobal }) => isGlobal),
    anyRank1,
    anyShaped: states.some(({ isShaped }) => isShaped),
    needsMatrix,
    anySpread: states.some(({ hasSpread }) => hasSpread),
    tables: tableViews(kernel.tables, dialect),
    needsBits: needs.has("bits"),
    needsFromBits: needs.has("fromBits"),
    needsWord: needs.size > 0,
  };
}

/** Sizes of the dimensions; rank-1 scales are for tensors of so many at most. */
const sizes = Array.from({ length: 8 }, (_, dimension) => `size${dimension}`);

function foldView(kernel: FoldKernel, target: Target) {
  const { dialect } = target;
  const { from, to, count, reductions, stores, terms, finish } = kernel;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const base = baseView(kernel, kernel.granule, true, target);
  const isAtElements = from.shape === "element" && from.per === 1 && reductions.length > 0;
  const reads = (input: string): boolean => terms.inputs.some((given) => given.name === input);
  const arrays = arraysOf([...kernel.vectors, ...kernel.entryVectors]);
  const stored = stores.map(({ array, variable }) => ({ array, value: name(variable) }));
  const parameters = ["p", "g"].filter((input) => isAtElements && reads(input));
  const vectors = kernel.vectors.map((vector) => vectorView(vector, from.shape, dialect));
  const entryVectors = kernel.entryVectors.map((vector) => vectorView(vector, to.shape, dialect));
  const isColumns = from.shape === "element" && to.shape === "col";
  const isCountRead = namesRead([finish]).has(count.variable.name);
  const counted = [
    to.shape,
    ...(reductions.length > 0 ? [from.shape] : []),
    ...(isCountRead ? [count.of, count.per] : []),
    // A column's places are found by rows and columns.
    ...(isColumns && reductions.length > 0 ? (["matrix"] as const) : []),
  ];
  return {
    ...base,
    parameter: operandView(kernel.parameter, kernel, terms, kernel.granule, target),
    gradient: operandView(kernel.gradient, kernel, terms, kernel.granule, target),
    isStep: false,
    isMeasure: false,
    readsNext: true,
    anyStream: false,
    anyShared: false,
    /** Threads of a workgroup, which compute one entry each. */
    threads: 64,
    from: extentView(from),
    to: extentView(to),
    /** What an entry stands for is a column: a place in every row. */
    isColumns,
    isAtElements,
    /** Whether it needs to know where in a granule an element is. */
    readsElements: base.states.length > 0 || base.anyHalf,
    readsP: parameters.includes("p"),
    readsG: parameters.includes("g"),
    isReduction: reductions.length > 0,
    runSize: to.per / from.per,
    count: { name: name(count.variable), of: shapeView(count.of), per: shapeView(count.per) },
    isCountRead,
    reductions: reductions.map(({ term, result, combine }) => ({
      term: name(term),
      result: name(result),
      isSum: combine === "sum",
    })),
    anySum: reductions.some(({ combine }) => combine === "sum"),
    anyMaximum: reductions.some(({ combine }) => combine === "max"),
    termLines: printFragment(terms, dialect),
    finishLines: printFragment(finish, dialect),
    vectors,
    entryVectors,
    needsLength: counted.some((shape) => shape !== "tensor"),
    ...matrixNeeds(counted, [...vectors, ...entryVectors], base.states),
    arrays: [...new Set([...arrays, ...stored.map(({ array }) => array)])],
    stores: stored,
    fields: [
      ...base.geometry,
      ...parameters,
      ...base.states.flatMap(({ fields }) => fields),
      ...new Set([...arrays, ...stored.map(({ array }) => array)]),
    ],
  };
}

/** A thread's share: a multiple of the plan's granule of the size the target asks for, where tiles divide so. */
function granuleOf(kernel: ElementKernel, { capabilities }: Target): number {
  let granule = kernel.granule;
  while (granule < capabilities.granule) granule *= 2;
  return kernel.tile % granule === 0 ? granule : kernel.granule;
}
