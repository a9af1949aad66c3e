import { isAtElements } from "../ir/execute.js";
import type { FoldKernel, Reduction, SweepKernel, Variable } from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { ENTRIES } from "../lower/passes.js";
import { printFragment, printName } from "../print/index.js";
import type { Target } from "../target.js";
import { baseView, operandView } from "./base.js";
import { arraysOf, extentView, matrixNeeds, shapeView, vectorView } from "./shapes.js";

/** What kernels that reduce have: what their terms are made of, and what becomes of them. */
function reductionViews(kernel: SweepKernel | FoldKernel, atElements: boolean, target: Target) {
  const { terms } = kernel;
  const { dialect } = target;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const parameters = ["p", "g"].filter(
    (input) => atElements && terms.inputs.some((given) => given.name === input),
  );
  const reductions: readonly Reduction[] = kernel.reductions;
  return {
    isStep: false,
    isMeasure: false,
    readsNext: true,
    anyStream: false,
    anyShared: false,
    parameter: operandView(kernel.parameter, kernel, terms, kernel.granule, target),
    gradient: operandView(kernel.gradient, kernel, terms, kernel.granule, target),
    isAtElements: atElements,
    parameters,
    readsP: parameters.includes("p"),
    readsG: parameters.includes("g"),
    reductions: reductions.map(({ term, result, combine }) => ({
      term: name(term),
      result: name(result),
      isSum: combine === "sum",
    })),
    anySum: reductions.some(({ combine }) => combine === "sum"),
    anyMaximum: reductions.some(({ combine }) => combine === "max"),
    termLines: printFragment(terms, dialect),
  };
}

export function sweepView(kernel: SweepKernel, target: Target) {
  const { dialect } = target;
  const base = baseView(kernel, kernel.granule, true, target);
  const reducing = reductionViews(kernel, true, target);
  const vectors = kernel.vectors.map((vector) => vectorView(vector, "square", dialect));
  const reductions = kernel.reductions.map(({ shape, array }, index) => ({
    ...(reducing.reductions[index] as (typeof reducing.reductions)[number]),
    isRow: shape === "row",
    array,
  }));
  const arrays = [...new Set([...arraysOf(kernel.vectors), ...reductions.map(({ array }) => array)])];
  return {
    ...base,
    ...reducing,
    /** A thread a column, in warps where there are such. */
    threads: kernel.cut,
    warps: kernel.cut / 32,
    cut: kernel.cut,
    rest: kernel.cut - 1,
    /** Where rows are summed eight at a time, in segments of eight. */
    stripSize: 8 * kernel.cut,
    segments: kernel.cut / 8,
    /** Groups of eight rows. */
    groups: kernel.cut / 8,
    reductions,
    rowReductions: reductions.filter(({ isRow }) => isRow),
    colReductions: reductions.filter(({ isRow }) => !isRow),
    anyRowSum: reductions.some(({ isRow, isSum }) => isRow && isSum),
    /** Whether it needs to know where in a granule an element is. */
    readsElements: base.states.length > 0 || base.anyHalf,
    vectors,
    needsLength: false,
    needsRows: true,
    needsCols: true,
    arrays,
    fields: [
      ...base.geometry,
      ...reducing.parameters,
      ...base.states.flatMap(({ fields }) => fields),
      ...arrays,
    ],
  };
}

/** A matrix may have few columns, of many parts each. */
const SLICES = 4;

/** What a thread reads of long sums before it adds any of it. */
const ROUNDS_AHEAD = 4;
const PIECES_AHEAD = 8;

export function foldView(kernel: FoldKernel, target: Target) {
  const { dialect } = target;
  const { from, to, count, stores, finish } = kernel;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const base = baseView(kernel, kernel.granule, true, target);
  const isReduction = kernel.reductions.length > 0;
  const { lanes } = target.capabilities;
  const isGrouped = lanes > 0 && isReduction && from.cut === undefined;
  const slices = lanes > 0 && isReduction && !isGrouped ? SLICES : 1;
  const threads = isGrouped ? target.capabilities.threads : ENTRIES * slices;
  const reducing = reductionViews(kernel, isAtElements(from) && isReduction, target);
  const arrays = arraysOf([...kernel.vectors, ...kernel.entryVectors]);
  const stored = stores.map(({ array, variable }) => ({ array, value: name(variable) }));
  const vectors = kernel.vectors.map((vector) => vectorView(vector, from.shape, dialect));
  const entryVectors = kernel.entryVectors.map((vector) => vectorView(vector, to.shape, dialect));
  const isCountRead = namesRead([finish]).has(count.variable.name);
  const counted = [
    to.shape,
    ...(isReduction ? [from.shape] : []),
    ...(isCountRead ? [count.of, count.per] : []),
    // The parts of a column lie as many values apart as there are columns.
    ...(from.cut !== undefined && from.shape === "col" ? (["matrix"] as const) : []),
  ];
  const allArrays = [...new Set([...arrays, ...stored.map(({ array }) => array)])];
  return {
    ...base,
    ...reducing,
    /** Threads of a workgroup, which compute one entry each, but where they exchange values and an entry's terms are neighbours. */
    threads,
    /** Entries of a workgroup. */
    entries: ENTRIES,
    isGrouped,
    /** Many entries of few terms, of which a warp has one at a time. */
    isOfWarps: isGrouped && to.per > 1,
    /** Few entries, of which a workgroup has one at a time. */
    isOfBlocks: isGrouped && to.per === 1,
    warps: threads / lanes,
    from: extentView(from),
    to: extentView(to),
    /** What an entry stands for is a column: a place in every row of parts. */
    isColumns: from.cut !== undefined && from.shape === "col",
    isParts: from.cut !== undefined,
    /** Threads of an entry that is put together from parts, and how many of these they read at a time. */
    slices,
    roundSize: 8 * slices,
    roundsAhead: ROUNDS_AHEAD,
    piecesAhead: PIECES_AHEAD,
    /** Of those that a warp reduces at a time, how far the last and the next lie behind the first. */
    piecesAheadLast: ((PIECES_AHEAD - 1) * threads) / lanes,
    piecesAheadAll: (PIECES_AHEAD * threads) / lanes,
    /** Whether it needs to know where in a granule an element is. */
    readsElements: base.states.length > 0 || base.anyHalf,
    isReduction,
    runSize: to.per / from.per,
    /** Of four terms a lane. */
    pieces: to.per / from.per / (4 * lanes),
    count: { name: name(count.variable), of: shapeView(count.of), per: shapeView(count.per) },
    isCountRead,
    finishLines: printFragment(finish, dialect),
    vectors,
    entryVectors,
    needsLength: counted.some((shape) => shape !== "tensor"),
    ...matrixNeeds(counted, [...vectors, ...entryVectors], base.states),
    arrays: allArrays,
    stores: stored,
    fields: [
      ...base.geometry,
      ...reducing.parameters,
      ...base.states.flatMap(({ fields }) => fields),
      ...allArrays,
    ],
  };
}
