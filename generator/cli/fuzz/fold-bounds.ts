import { termsOf } from "../../ir/execute.js";
import { countOf, extentOf, type Geometry, placeIn } from "../../ir/geometry.js";
import { type Interval, type IntervalAccuracy, intervalRows, pointInterval } from "../../ir/interval.js";
import type { FoldKernel, KernelShape, Reduction, VectorInput } from "../../ir/types.js";
import { correctionName } from "../../names.js";
import { IntervalEvaluation } from "./interval-evaluation.js";
import { correctionOf, OperandBounds } from "./operand-bounds.js";
import type { StoredArray, TensorImage } from "./reference.js";
import { stateBounds } from "./state-bounds.js";

/** By array: what each entry may be. */
export type VectorBounds = Map<string, readonly Interval[]>;

type Add = (a: Interval, b: Interval) => Interval;

/** A fold over intervals: puts what its arrays may hold after it into `vectors`. */
export function boundFold(
  kernel: FoldKernel,
  uniforms: Readonly<Record<string, number>>,
  accuracy: IntervalAccuracy,
  tensor: { readonly before: TensorImage; readonly after: TensorImage; readonly g: StoredArray },
  geometry: Geometry,
  vectors: VectorBounds,
): void {
  const { from, to, reductions, count, stores } = kernel;
  const evaluation = new IntervalEvaluation(kernel, uniforms, accuracy);
  const rows = intervalRows(accuracy);
  const add: Add = (a, b) => rows["f32.add"](() => 0, a, b) as Interval;
  const correction = correctionOf(kernel);
  const states = kernel.states
    .filter((state) => state !== correction)
    .map((state) => stateBounds(state, kernel, evaluation));
  const p = new OperandBounds(kernel.parameter, kernel, evaluation);
  const g = new OperandBounds(kernel.gradient, kernel, evaluation);
  const { arrays } = tensor.before;
  for (const state of states) state.open(tensor.before, tensor.after);
  const terms = evaluation.compile(kernel.terms);
  const finish = evaluation.compile(kernel.finish);
  const isAtElements = from.shape === "element" && from.per === 1;
  const number = countOf(count.of, geometry) / countOf(count.per, geometry);
  const found = stores.map((): Interval[] => []);

  for (let entry = 0; entry < extentOf(to, geometry); entry++) {
    const collected = reductions.map((): Interval[] => []);
    for (const place of reductions.length === 0 ? [] : termsOf(entry, kernel, geometry)) {
      if (isAtElements) {
        p.decode(arrays.p as StoredArray, arrays[correctionName], place);
        g.decode(tensor.g, undefined, place);
      }
      readVectors(evaluation, kernel.vectors, from.shape, place, geometry, vectors);
      for (const state of states) state.decode(place);
      const hulls = reductions.map(() => nothing);
      terms(() => {
        for (const [index, { term }] of reductions.entries()) {
          hulls[index] = hullOf(hulls[index] as Interval, evaluation.cell(term).value as Interval);
        }
      });
      for (const [index, hull] of hulls.entries()) collected[index]?.push(hull);
    }
    for (const [index, reduction] of reductions.entries()) {
      evaluation.cell(reduction.result).value = combine(reduction, collected[index] ?? [], add);
    }
    evaluation.cell(count.variable).value = pointInterval(Math.fround(number));
    readVectors(evaluation, kernel.entryVectors, to.shape, entry, geometry, vectors);
    const hulls = stores.map(() => nothing);
    finish(() => {
      for (const [index, { variable }] of stores.entries()) {
        hulls[index] = hullOf(hulls[index] as Interval, evaluation.cell(variable).value as Interval);
      }
    });
    for (const [index, hull] of hulls.entries()) found[index]?.push(hull);
  }
  for (const [index, { array }] of stores.entries()) vectors.set(array, found[index] ?? []);
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

function combine({ combine: kind }: Reduction, terms: readonly Interval[], add: Add): Interval {
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
