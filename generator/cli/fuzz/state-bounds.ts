import type { Interval } from "../../ir/interval.js";
import type { Kernel, KernelState } from "../../ir/types.js";
import type { Admission } from "./admission.js";
import type { Place } from "./difference.js";
import type { IntervalCell, IntervalEvaluation } from "./interval-evaluation.js";
import { FloatBounds, HalfBounds } from "./plain-bounds.js";
import type { TensorImage } from "./reference.js";
import { RunBounds } from "./run-bounds.js";

/** One state over intervals: from the device's tensor before a step, what may be in it afterwards. */
export interface StateBounds {
  readonly name: string;
  readonly hasCodes: boolean;
  /** The new value, before it is encoded. */
  readonly value: IntervalCell;
  open(before: TensorImage, after: TensorImage): void;
  /** Puts the old value of an element where the update reads it. */
  decode(element: number): void;
  /** Takes what an element's new value may be into the bounds of its run's maximum. */
  measure(element: number, values: readonly Interval[]): void;
  /** What is wrong with the tensor as a whole. */
  difference(): Place | null;
  /** Whether what the device stored for an element may come from `value`. */
  admit(element: number): Admission;
}

export function stateBounds(state: KernelState, kernel: Kernel, evaluation: IntervalEvaluation): StateBounds {
  if (state.statistic !== null) return new RunBounds(state, state.statistic, kernel, evaluation);
  if (state.decode !== null) return new HalfBounds(state, kernel, evaluation);
  return new FloatBounds(state, evaluation);
}
