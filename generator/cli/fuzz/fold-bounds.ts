import { elementsOf, isAtElements, termsOf } from "../../ir/execute.js";
import { countOf, extentOf, type Geometry, placeIn } from "../../ir/geometry.js";
import { type Interval, type IntervalAccuracy, intervalRows, pointInterval } from "../../ir/interval.js";
import type {
  FoldKernel,
  KernelShape,
  Reduction,
  SweepKernel,
  Variable,
  VectorInput,
} from "../../ir/types.js";
import { correctionName } from "../../names.js";
import { type EachWay, IntervalEvaluation } from "./interval-evaluation.js";
import { correctionOf, OperandBounds } from "./operand-bounds.js";
import type { StoredArray, TensorImage } from "./reference.js";
import { stateBounds } from "./state-bounds.js";

/** By array: what each entry may be. */
export type VectorBounds = Map<string, readonly Interval[]>;

type Add = (a: Interval, b: Interval) => Interval;

interface FoldedTensor {
  readonly before: TensorImage;
  readonly after: TensorImage;
  readonly g: StoredArray;
}

/** A sweep over intervals: puts what its arrays may hold after it into `vectors`. */
export function boundSweep(
  kernel: SweepKernel,
  uniforms: Readonly<Record<string, number>>,
  accuracy: IntervalAccuracy,
  tensor: FoldedTensor,
  geometry: Geometry,
  vectors: VectorBounds,
): void {
  const { reductions, cut } = kernel;
  const evaluation = new IntervalEvaluation(kernel, uniforms, accuracy);
  const add = adder(accuracy);
  const termsAt = termReader(kernel, reductions, evaluation, tensor, geometry, vectors);
  const terms = Array.from({ length: geometry.length }, (_, place) => termsAt(place));
  for (const [index, { shape, array, ...reduction }] of reductions.entries()) {
    const parts = Array.from({ length: extentOf({ shape, per: 1, cut }, geometry) }, (_, part) => {
      const own = Array.from(elementsOf(part, shape, cut, geometry), (place) => terms[place]?.[index]);
      return combine(reduction, own as Interval[], add);
    });
    vectors.set(array, parts);
  }
}

/** A fold over intervals, likewise. */
export function boundFold(
  kernel: FoldKernel,
  uniforms: Readonly<Record<string, number>>,
  accuracy: IntervalAccuracy,
  tensor: FoldedTensor,
  geometry: Geometry,
  vectors: VectorBounds,
): void {
  const { to, reductions, count, stores } = kernel;
  const evaluation = new IntervalEvaluation(kernel, uniforms, accuracy);
  const add = adder(accuracy);
  const termsAt = termReader(kernel, reductions, evaluation, tensor, geometry, vectors);
  const finish = evaluation.compile(kernel.finish);
  const number = countOf(count.of, geometry) / countOf(count.per, geometry);
  const found = stores.map((): Interval[] => []);

  for (let entry = 0; entry < extentOf(to, geometry); entry++) {
    const places = reductions.length === 0 ? [] : termsOf(entry, kernel, geometry);
    const collected = Array.from(places, termsAt);
    for (const [index, reduction] of reductions.entries()) {
      const own = collected.map((terms) => terms[index] as Interval);
      evaluation.cell(reduction.result).value = combine(reduction, own, add);
    }
    evaluation.cell(count.variable).value = pointInterval(Math.fround(number));
    readVectors(evaluation, kernel.entryVectors, to.shape, entry, geometry, vectors);
    const hulls = hullsOf(
      finish,
      stores.map(({ variable }) => variable),
      evaluation,
    );
    for (const [index, hull] of hulls.entries()) found[index]?.push(hull);
  }
  for (const [index, { array }] of stores.entries()) vectors.set(array, found[index] ?? []);
}

function adder(accuracy: IntervalAccuracy): Add {
  const rows = intervalRows(accuracy);
  return (a, b) => rows["f32.add"](() => 0, a, b) as Interval;
}

/** What the terms of all reductions may be at a place. */
function termReader(
  kernel: FoldKernel | SweepKernel,
  reductions: readonly Reduction[],
  evaluation: IntervalEvaluation,
  tensor: FoldedTensor,
  geometry: Geometry,
  vectors: VectorBounds,
): (place: number) => Interval[] {
  const correction = correctionOf(kernel);
  const states = kernel.states
    .filter((state) => state !== correction)
    .map((state) => stateBounds(state, kernel, evaluation));
  const p = new OperandBounds(kernel.parameter, kernel, evaluation);
  const g = new OperandBounds(kernel.gradient, kernel, evaluation);
  const { arrays } = tensor.before;
  for (const state of states) state.open(tensor.before, tensor.after);
  const terms = evaluation.compile(kernel.terms);
  const isOfElements = kernel.kind === "sweep" || isAtElements(kernel.from);
  const shape = kernel.kind === "sweep" ? "element" : kernel.from.shape;
  const variables = reductions.map(({ term }) => term);
  return (place) => {
    if (isOfElements) {
      p.decode(arrays.p as StoredArray, arrays[correctionName], place);
      g.decode(tensor.g, undefined, place);
    }
    readVectors(evaluation, kernel.vectors, shape, place, geometry, vectors);
    for (const state of states) state.decode(place);
    return hullsOf(terms, variables, evaluation);
  };
}

/** What some variables may be on all ways through a fragment. */
function hullsOf(each: EachWay, variables: readonly Variable[], evaluation: IntervalEvaluation): Interval[] {
  const hulls = variables.map(() => nothing);
  each(() => {
    for (const [index, variable] of variables.entries()) {
      hulls[index] = hullOf(hulls[index] as Interval, evaluation.cell(variable).value as Interval);
    }
  });
  return hulls;
}

/** Puts what is read at a place where the kernel's fragments find it. */
export function readVectors(
  evaluation: IntervalEvaluation,
  inputs: readonly VectorInput[],
  at: KernelShape,
  place: number,
  geometry: Geometry,
  vectors: ReadonlyMap<string, readonly Interval[]>,
): void {
  for (const { variable, array, shape } of inputs) {
    const own = shape === "term" ? at : shape;
    evaluation.cell(variable).value = vectors.get(array)?.[placeIn(own, at, place, geometry)] as Interval;
  }
}

const nothing: Interval = { lo: Number.POSITIVE_INFINITY, hi: Number.NEGATIVE_INFINITY, nan: false };

function hullOf(a: Interval, b: Interval): Interval {
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi), nan: a.nan || b.nan };
}

function combine(
  { combine: kind }: Pick<Reduction, "combine">,
  terms: readonly Interval[],
  add: Add,
): Interval {
  if (kind === "sum") return treeSum(terms, add);
  const sure = terms.filter(({ nan }) => !nan);
  return {
    lo: sure.reduce((most, { lo }) => Math.max(most, lo), Number.NEGATIVE_INFINITY),
    hi: terms.reduce((most, { hi }) => Math.max(most, hi), Number.NEGATIVE_INFINITY),
    nan: sure.length === 0,
  };
}

function treeSum(terms: readonly Interval[], add: Add): Interval {
  let level = terms;
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const [left, right] = [level[2 * i] as Interval, level[2 * i + 1]];
      return right === undefined ? left : add(left, right);
    });
  }
  return level[0] ?? pointInterval(0);
}
