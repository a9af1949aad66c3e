import { type Geometry, geometryOf } from "../../ir/geometry.js";
import { type Interval, type IntervalAccuracy, inInterval, pointInterval } from "../../ir/interval.js";
import type { ElementKernel, KernelState, VectorInput } from "../../ir/types.js";
import type { VariantPlan } from "../../lower/plan.js";
import { correctionName } from "../../names.js";
import { type Admission, formatInterval } from "./admission.js";
import { formatFloat, restDifference } from "./bits.js";
import type { Difference, Place } from "./difference.js";
import { boundFold, boundSweep, readVectors, type VectorBounds } from "./fold-bounds.js";
import { type EachWay, type IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import { correctionOf, OperandBounds } from "./operand-bounds.js";
import { type Compiled, kernelNamed, type StoredArray, type TensorImage } from "./reference.js";
import { type StateBounds, stateBounds } from "./state-bounds.js";

/** How a step came out, and how many codes could have been one value only. */
export interface Verdict {
  readonly difference: Difference | null;
  readonly codes: number;
  readonly pinned: number;
}

/** One way that an element may have gone: its parameter and its states before they are encoded. */
interface Way {
  readonly p: Interval;
  readonly states: readonly Interval[];
}

/**
 * Checks a step of a device whose arithmetic is of an ulp class, from the device's own tensor before the step.
 *
 * The contract: for every element there is one way through the update rule over intervals (ir/interval.ts) on which
 * the parameter and every float32 state lie in their intervals, every bfloat16 state is what a value of its interval
 * is rounded to, and every code is what a value of its interval is encoded to, with the same random word and the
 * scale that the device stored. Every scale comes from a maximum within the bounds of its run. Bits that belong to
 * no element are 0.
 */
export class StepBounds {
  readonly #states: readonly StateBounds[];
  /** The second part of the parameter. */
  readonly #correction: KernelState | undefined;
  readonly #update: EachWay;
  readonly #p: OperandBounds;
  readonly #g: OperandBounds;
  readonly #newP: IntervalCell;
  readonly #evaluation: IntervalEvaluation;
  readonly #vectors: readonly VectorInput[];
  /** States that are no element's. */
  readonly #vectorStates: readonly string[];
  readonly #fold: (
    tensor: { readonly before: TensorImage; readonly after: TensorImage; readonly g: StoredArray },
    geometry: Geometry,
    vectors: VectorBounds,
  ) => void;

  constructor(
    compiled: Compiled,
    variant: VariantPlan,
    suffix: string,
    uniforms: Readonly<Record<string, number>>,
    accuracy: IntervalAccuracy,
  ) {
    const kernels = variant.passes.map((pass) => kernelNamed(compiled, `${pass.kernel}${suffix}`));
    const kernel = kernels.find((pass): pass is ElementKernel => pass.kind === "step");
    if (kernel === undefined) throw new Error(`the variant ${variant.name} has no step`);
    const evaluation = new IntervalEvaluation(kernel, uniforms, accuracy);
    this.#evaluation = evaluation;
    this.#vectors = kernel.vectors;
    this.#vectorStates = variant.states.filter(({ shape }) => shape !== "element").map(({ name }) => name);
    this.#fold = (tensor, geometry, vectors) => {
      for (const fold of kernels) {
        if (fold.kind === "sweep") boundSweep(fold, uniforms, accuracy, tensor, geometry, vectors);
        if (fold.kind === "fold") boundFold(fold, uniforms, accuracy, tensor, geometry, vectors);
      }
    };
    const correction = correctionOf(kernel);
    this.#correction = correction;
    this.#states = kernel.states
      .filter((state) => state !== correction)
      .map((state) => stateBounds(state, kernel, evaluation));
    this.#update = evaluation.compile(kernel.update);
    this.#p = new OperandBounds(kernel.parameter, kernel, evaluation);
    this.#g = new OperandBounds(kernel.gradient, kernel, evaluation);
    this.#newP = evaluation.cell(kernel.update.outputs[0] ?? { name: "p" });
  }

  check(before: TensorImage, g: StoredArray, after: TensorImage): Verdict {
    const tensor = before.name;
    for (const state of this.#states) state.open(before, after);
    const geometry = geometryOf(before.shape);
    const vectors: VectorBounds = new Map(
      this.#vectorStates.map((name) => [name, Array.from(before.arrays[name] ?? [], pointInterval)]),
    );
    this.#fold({ before, after, g }, geometry, vectors);
    this.#p.open(before);
    const ways = this.#waysOf(before, g, geometry, vectors);
    const counts = { codes: 0, pinned: 0 };
    for (const state of this.#states) {
      const place = state.difference();
      if (place !== null) return { ...counts, difference: { tensor, ...place } };
    }
    for (const name of this.#vectorStates) {
      const place = vectorDifference(
        name,
        after.arrays[name] as Float32Array,
        vectors.get(`${name}_next`) ?? [],
      );
      if (place !== null) return { ...counts, difference: { tensor, ...place } };
    }
    const rest = this.#restDifference(after);
    if (rest !== null) return { ...counts, difference: { tensor, ...rest } };
    for (const [element, possible] of ways.entries()) {
      const place = this.#checkElement(element, after, possible, counts);
      if (place !== null) return { ...counts, difference: { tensor, ...place } };
    }
    return { ...counts, difference: null };
  }

  /** Bits that belong to no element of the second part of the parameter. */
  #restDifference({ arrays, length }: TensorImage): Place | null {
    if (this.#correction === undefined) return null;
    const { name, bits } = this.#correction;
    const rest = restDifference(arrays[name] as Uint32Array, length * bits);
    return rest && { what: "the correction of the parameter", ...rest };
  }

  #waysOf(
    { arrays, length }: TensorImage,
    g: StoredArray,
    geometry: Geometry,
    vectors: VectorBounds,
  ): Way[][] {
    return Array.from({ length }, (_, element) => {
      this.#p.decode(arrays.p as StoredArray, arrays[correctionName], element);
      this.#g.decode(g, undefined, element);
      readVectors(this.#evaluation, this.#vectors, "element", element, geometry, vectors);
      for (const state of this.#states) state.decode(element);
      const ways: Way[] = [];
      this.#update(() => {
        const states = this.#states.map(({ value }) => value.value as Interval);
        ways.push({ p: this.#newP.value as Interval, states });
      });
      for (const [index, state] of this.#states.entries()) {
        state.measure(
          element,
          ways.map(({ states }) => states[index] as Interval),
        );
      }
      return ways;
    });
  }

  #checkElement(
    element: number,
    { arrays }: TensorImage,
    ways: readonly Way[],
    counts: { codes: number; pinned: number },
  ): Place | null {
    const judged = ways.map((way) => ({
      parameter: this.#p.admit(arrays.p as StoredArray, arrays[correctionName], element, way.p),
      states: this.#states.map((state, index) => {
        state.value.value = way.states[index] as Interval;
        return state.admit(element);
      }),
    }));
    for (const [index, { hasCodes }] of this.#states.entries()) {
      if (!hasCodes) continue;
      counts.codes++;
      if (new Set(judged.flatMap(({ states }) => states[index]?.codes ?? [])).size === 1) counts.pinned++;
    }
    const possible = judged.filter(({ parameter }) => parameter.admitted).map(({ states }) => states);
    if (possible.some((states) => states.every(({ admitted }) => admitted))) return null;

    const where = `element ${element}`;
    if (possible.length === 0) {
      const expected = either(judged.map(({ parameter }) => parameter.allowed));
      return { what: "the parameter", where, expected, found: judged[0]?.parameter.found ?? "" };
    }
    return { ...this.#stateDifference(possible), where };
  }

  /** The state that is wrong on every way that leads to the parameter; else one that does not go with the others. */
  #stateDifference(possible: readonly (readonly Admission[])[]): Omit<Place, "where"> {
    const wrong = (index: number) => possible.every((states) => states[index]?.admitted === false);
    const somewhere = (index: number) => possible.some((states) => states[index]?.admitted === false);
    const indices = this.#states.map((_, index) => index);
    const index = indices.find(wrong) ?? indices.find(somewhere) ?? 0;
    const { name, hasCodes } = this.#states[index] as StateBounds;
    const admissions = possible.map((states) => states[index] as Admission);
    return {
      what: hasCodes ? `the code of ${name}` : name,
      expected: either(admissions.map(({ allowed }) => allowed)),
      found: admissions[0]?.found ?? "",
    };
  }
}

function vectorDifference(what: string, found: Float32Array, allowed: readonly Interval[]): Place | null {
  const entry = found.findIndex((value, index) => !inInterval(value, allowed[index] as Interval));
  if (entry < 0) return null;
  const expected = formatInterval(allowed[entry] as Interval);
  return { what, where: `entry ${entry}`, expected, found: formatFloat(found[entry] as number) };
}

function either(texts: readonly string[]): string {
  return [...new Set(texts)].join(" or ");
}
