import { prune } from "../ir/prune.js";
import type {
  ElementKernel,
  Extent,
  FoldKernel,
  Kernel,
  KernelShape,
  KernelState,
  Table,
  Variable,
  VectorInput,
} from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { fragmentsOf } from "../ir/verify.js";
import { RANK1_BLOCK } from "../lower/variants.js";
import type { Dialect } from "../print/dialect.js";
import { neededHelpers, printFragment, printName, shortestFloat } from "../print/index.js";
import type { Target } from "../target.js";

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
  const [parameter] = kernel.update.outputs;
  const base = baseView(kernel, granule, exchanges, target);
  const { states } = base;
  const vectors = kernel.vectors.map((vector) => vectorView(vector, "element", dialect));

  return {
    ...base,
    isStep: kernel.kind === "step",
    isMeasure: kernel.kind === "measure",
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
    newParameter: parameter === undefined ? "" : printName(parameter.name, dialect),
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
    anyStream: states.some(({ isStochastic }) => isStochastic),
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
  const states = kernel.states.map((state, index) => ({
    ...common,
    ...stateView(state, kernel, granule, exchanges, target),
    description: kernel.doc[index + 1] ?? "",
  }));
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

/** Whether the size of a row or of a column is asked for: to count the values of some shapes, or to find one. */
function matrixNeeds(
  counted: readonly KernelShape[],
  vectors: readonly ReturnType<typeof vectorView>[],
  states: readonly { readonly isRow: boolean; readonly isCol: boolean }[],
) {
  const ofBoth = vectors.some(({ isColOfElement, isMatrixOfElement }) => isColOfElement || isMatrixOfElement);
  return {
    needsRows:
      ofBoth ||
      counted.some((shape) => shape === "col" || shape === "matrix") ||
      vectors.some(({ isMatrixOfRow }) => isMatrixOfRow) ||
      states.some(({ isCol }) => isCol),
    needsCols:
      ofBoth ||
      counted.some((shape) => shape === "row" || shape === "matrix") ||
      vectors.some(({ isRowOfElement, isMatrixOfCol }) => isRowOfElement || isMatrixOfCol) ||
      states.some(({ isRow, isCol }) => isRow || isCol),
  };
}

function arraysOf(vectors: readonly VectorInput[]): string[] {
  return [...new Set(vectors.map(({ array }) => array))];
}

function shapeView(shape: KernelShape) {
  return {
    isElement: shape === "element",
    isRow: shape === "row",
    isCol: shape === "col",
    isMatrix: shape === "matrix",
    isTensor: shape === "tensor",
  };
}

function extentView({ shape, per }: Extent) {
  return { ...shapeView(shape), per, rest: per - 1, isRuns: per > 1 };
}

/** Where a value stands that belongs to a place of another shape. */
function vectorView({ variable, array, isKept, shape }: VectorInput, at: KernelShape, dialect: Dialect) {
  const isSame = shape === "term" || shape === at;
  const isOf = (of: KernelShape, own: KernelShape): boolean => at === of && shape === own;
  return {
    name: printName(variable.name, dialect),
    array,
    isKept,
    isSame,
    isFirst: !isSame && shape === "tensor",
    isRowOfElement: isOf("element", "row"),
    isColOfElement: isOf("element", "col"),
    isMatrixOfElement: isOf("element", "matrix"),
    isMatrixOfRow: isOf("row", "matrix"),
    isMatrixOfCol: isOf("col", "matrix"),
  };
}

/** A thread's share: a multiple of the plan's granule of the size the target asks for, where tiles divide so. */
function granuleOf(kernel: ElementKernel, { capabilities }: Target): number {
  let granule = kernel.granule;
  while (granule < capabilities.granule) granule *= 2;
  return kernel.tile % granule === 0 ? granule : kernel.granule;
}

/** How many threads own a run, where they are a power of two and neighbours in one exchange. */
function lanesOf(threads: number, { capabilities }: Target): number {
  return threads >= 1 && threads <= capabilities.lanes && Number.isInteger(Math.log2(threads)) ? threads : 0;
}

/** Whether more threads measure a run of a state than exchange values, or some that are no neighbours. */
function isShared({ statistic }: KernelState, granule: number, target: Target): boolean {
  if (statistic?.source !== "tile" || typeof statistic.run === "string") return false;
  return lanesOf(statistic.run / granule, target) === 0;
}

function stateView(state: KernelState, kernel: Kernel, granule: number, exchanges: boolean, target: Target) {
  const { dialect } = target;
  const { variables, statistic } = state;
  const isPacked = state.locate !== null;
  const run = statistic?.run ?? "tensor";
  const isMeasured = kernel.kind !== "fold";
  const isTile = isMeasured && statistic?.source === "tile";
  const isGlobal = isMeasured && statistic?.source === "global";
  const spread = isTile ? (statistic?.spread ?? null) : null;
  const hasAlpha = state.decode?.inputs.some(({ name }) => name === variables.alpha.name) ?? false;
  const words = (granule * state.bits) / 32;
  const lanes = exchanges && isTile && typeof run === "number" ? lanesOf(run / granule, target) : 0;
  const tile = kernel.kind === "fold" ? 0 : kernel.tile;
  return {
    ...Object.fromEntries(
      Object.entries(variables).map(([role, { name }]) => [role, printName(name, dialect)]),
    ),
    /** The state's own name, of which its arrays' names are made. */
    state: state.name,
    isPlain: !isPacked,
    isPacked,
    array: isPacked && state.bits !== 16 ? `${state.name}_codes` : state.name,
    /** That array, or where it begins, in the code. */
    data: isPacked && state.bits !== 16 ? `${state.name}_codes` : `${state.name}_data`,
    hasScale: statistic !== null,
    /** Whether scales are kept in 16 bits. */
    isHalfScale: statistic?.half != null,
    /** Whether its runs have a second parameter, of their order statistics. */
    hasAlpha,
    hasSpread: spread !== null,
    /** Whether this kernel measures it. */
    hasMaximum: kernel.kind === "step" ? isTile : isGlobal,
    fields: [
      isPacked && state.bits !== 16 ? `${state.name}_codes` : state.name,
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
    isShared: isTile && lanes === 0,
    isOneRun: isTile && tile === run,
    /** Whether a granule lies within one run. */
    granuleInRun: run === "tensor" || (typeof run === "number" && run % granule === 0),
    isStochastic: state.stream !== null,
    straddles: state.straddles,
    bits: state.bits,
    words,
    isOneWord: words === 1,
    /** Room for the part of a last code that does not exist. */
    wordsAndRest: words + (state.straddles ? 1 : 0),
    locateLines: printFragment(state.locate, dialect),
    unpackLines: printFragment(state.unpack, dialect),
    decodeLines: printFragment(state.decode, dialect),
    magnitudeLines: printFragment(statistic?.magnitude ?? null, dialect),
    scaleLines: printFragment(statistic?.scale ?? null, dialect),
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
    rankLines: printFragment(spread?.rank ?? null, dialect),
    alphaLines: printFragment(spread?.alpha ?? null, dialect),
    rateLines: printFragment(spread?.rate ?? null, dialect),
    streamLines: printFragment(state.stream, dialect),
    encodeLines: printFragment(state.encode, dialect),
    packLines: printFragment(state.pack, dialect),
  };
}

function tableViews(tables: readonly Table[], dialect: Dialect) {
  let offset = 0;
  return tables.map(({ name, type, values }) => {
    const isFloat = type === "f32";
    const view = {
      name,
      offset,
      isFloat,
      count: values.length,
      rows: rowsOf(values.map(isFloat ? shortestFloat : String), isFloat ? 8 : 32),
      literalRows: rowsOf(values.map(isFloat ? dialect.constants.f32 : String), isFloat ? 8 : 32),
    };
    offset += values.length;
    return view;
  });
}

function rowsOf(values: readonly string[], each: number): string[] {
  const count = Math.ceil(values.length / each);
  return Array.from(
    { length: count },
    (_, row) => `${values.slice(row * each, (row + 1) * each).join(", ")},`,
  );
}
