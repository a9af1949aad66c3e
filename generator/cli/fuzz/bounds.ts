import { type Interval, type IntervalAccuracy, inInterval } from "../../ir/interval.js";
import type { Kernel } from "../../ir/types.js";
import { formatFloat, restOf } from "./bits.js";
import type { Difference } from "./difference.js";
import { type Outcome, type Outcomes, outcomesOf } from "./outcomes.js";
import type { TensorImage } from "./reference.js";
import { formatIntervals, StateBounds, type StateFragments, stateFragments } from "./state-bounds.js";

/** How a step came out, and how many codes could have been one value only. */
export interface Verdict {
  readonly difference: Difference | null;
  readonly codes: number;
  readonly pinned: number;
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
  readonly #kernel: Kernel;
  readonly #update: Outcomes;
  readonly #states: readonly StateFragments[];

  /** @param kernel of kind step */
  constructor(kernel: Kernel, uniforms: Readonly<Record<string, number>>, accuracy: IntervalAccuracy) {
    this.#kernel = kernel;
    this.#update = outcomesOf(kernel.update, kernel, uniforms, accuracy);
    this.#states = kernel.states.map((state) =>
      stateFragments(state, kernel, (fragment) => outcomesOf(fragment, kernel, uniforms, accuracy)),
    );
  }

  check(before: TensorImage, g: Float32Array, after: TensorImage): Verdict {
    const states = this.#states.map((fragments) => new StateBounds(fragments, before, after));
    const p = before.arrays.p as Float32Array;
    const ways = Array.from({ length: before.length }, (_, element) => {
      const old = states.map((state) => [state.name, state.old(element)]);
      const found = this.#update({
        p: p[element] as number,
        g: g[element] as number,
        ...Object.fromEntries(old),
      });
      for (const state of states)
        state.measure(
          element,
          found.map((way) => way[state.value] as Interval),
        );
      return found;
    });
    const verdict = { codes: 0, pinned: 0 };
    const named = (place: Omit<Difference, "tensor"> | null) => place && { tensor: before.name, ...place };
    for (const state of states) {
      const difference = named(state.scaleDifference() ?? state.restDifference());
      if (difference !== null) return { ...verdict, difference };
    }
    for (const [element, outcomes] of ways.entries()) {
      const difference = named(this.#checkElement(element, outcomes, states, after, verdict));
      if (difference !== null) return { ...verdict, difference };
    }
    return { ...verdict, difference: null };
  }

  #checkElement(
    element: number,
    ways: readonly Outcome[],
    states: readonly StateBounds[],
    after: TensorImage,
    counts: { codes: number; pinned: number },
  ): Omit<Difference, "tensor"> | null {
    const parameter = this.#kernel.update.outputs[0]?.name ?? "";
    const p = (after.arrays.p as Float32Array)[element] as number;
    const admissions = ways.map((way) => ({
      p: inInterval(p, way[parameter] as Interval),
      states: states.map((state) => state.admit(element, way[state.value] as Interval)),
    }));
    for (const [index, state] of states.entries()) {
      if (!state.hasCodes) continue;
      counts.codes++;
      if (new Set(admissions.flatMap((way) => way.states[index]?.codes ?? [])).size === 1) counts.pinned++;
    }
    if (admissions.some((way) => way.p && way.states.every(({ admitted }) => admitted))) return null;

    const where = `element ${element}`;
    if (!admissions.some((way) => way.p)) {
      const expected = formatIntervals(ways.map((way) => way[parameter] as Interval));
      return { what: "the parameter", where, expected, found: formatFloat(p) };
    }
    const index = states.findIndex((_, i) => !admissions.some((way) => way.p && way.states[i]?.admitted));
    const [state, ofState] = [
      states[Math.max(index, 0)],
      admissions.filter((way) => way.p).map((way) => way.states[Math.max(index, 0)]),
    ];
    return {
      what: `${state?.hasCodes ? "the code of " : ""}${state?.name}`,
      where,
      expected: [...new Set(ofState.map((admission) => admission?.allowed()))].join(" or "),
      found: ofState[0]?.found() ?? "",
    };
  }
}
