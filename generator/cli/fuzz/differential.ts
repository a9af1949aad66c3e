import type { AccuracyClass } from "../../target.js";
import { StepBounds, type Verdict } from "./bounds.js";
import { type Difference, firstDifference } from "./difference.js";
import {
  dtypesOf,
  referenceStep,
  type StoredArray,
  type TensorImage,
  uniformsOf,
  variantOf,
} from "./reference.js";
import type { Step, Subject, Trajectory } from "./trajectory.js";

export interface Judgement {
  readonly difference: (Difference & { readonly step: number }) | null;
  /** Codes that were checked against bounds, and those of them that could have been one value only. */
  readonly codes: number;
  readonly pinned: number;
}

/**
 * Compares every step of a device, from the device's own tensors before it, with the evaluator: bit for bit, or as
 * `StepBounds` has it for a device of an ulp class.
 *
 * @param known what an exact device made of the case and was judged well: what is equal to it needs no more judgement
 */
export function judge(
  subject: Subject,
  accuracy: AccuracyClass,
  trajectory: Trajectory,
  known?: Trajectory,
): Judgement {
  const counts = { codes: 0, pinned: 0 };
  let before = trajectory.start;
  for (const [index, step] of trajectory.steps.entries()) {
    const judgeTensor = judgeOf(subject, accuracy, step);
    for (const [tensor, image] of before.entries()) {
      const after = step.images[tensor] as TensorImage;
      const start = (known?.steps[index - 1]?.images ?? known?.start)?.[tensor];
      const end = known?.steps[index]?.images[tensor];
      if (start && end && isSame(subject, start, image) && isSame(subject, end, after)) continue;
      const { difference, codes, pinned } = judgeTensor(image, step.gradients[tensor] as StoredArray, after);
      counts.codes += codes;
      counts.pinned += pinned;
      if (difference !== null) return { ...counts, difference: { ...difference, step: index + 1 } };
    }
    before = step.images;
  }
  return { ...counts, difference: null };
}

function isSame(subject: Subject, a: TensorImage, b: TensorImage): boolean {
  return firstDifference(variantOf(subject, a.shape), a, b) === null;
}

type JudgeTensor = (before: TensorImage, g: StoredArray, after: TensorImage) => Verdict;

function judgeOf(subject: Subject, accuracy: AccuracyClass, { settings }: Step): JudgeTensor {
  const uniforms = uniformsOf(subject, settings);
  if (accuracy.kind === "exact") {
    return (before, g, after) => {
      const expected = referenceStep(subject, before, g, uniforms);
      const difference = firstDifference(variantOf(subject, before.shape), expected, after);
      return { difference, codes: 0, pinned: 0 };
    };
  }
  const known = new Map<string, StepBounds>();
  return (before, g, after) => {
    const variant = variantOf(subject, before.shape);
    // No pass runs over a tensor without elements.
    if (before.length === 0)
      return { difference: firstDifference(variant, before, after), codes: 0, pinned: 0 };
    const { suffix } = dtypesOf(subject, before);
    const key = `${variant.name} ${suffix}`;
    const bounds = known.get(key) ?? new StepBounds(subject, variant, suffix, uniforms, accuracy);
    known.set(key, bounds);
    return bounds.check(before, g, after);
  };
}
