/**
 * States that are rounded at random, by the kernels of a GPU: the code of each float32 that there is to encode, with the random
 * words of the first step, held to the processor's.
 */
import { type CudaDevice, openDevice } from "lowbit-gen/runtime";
import { isLog } from "../../generator/lower/log.js";
import type { Check } from "./check.js";
import { Encoding, type Expect, encodeOn, subjectsOf, textOf, zeros } from "./codes.js";
import { Blocks, Layout, ranges, upToOne } from "./floats.js";
import { drawnStates } from "./tables.js";

/** Elements of a launch, at most. */
const SLICE = 2 ** 26;

/** Quantiles that levels of `log` are made of, as parts of the scale: close together, as in training, and as far as they go. */
const QUANTILES = [1 - 2 ** -10, 2 ** -1, 2 ** -10, 2 ** -40, 2 ** -100];
/** Elements of a block that are the quantile: more than a tenth. */
const QUANTILE_ELEMENTS = 15;
/**
 * How far these are apart: side by side, so that few lanes have all that is least and the kernels sort; and so that each lane has
 * two at most, where they take codes from logarithms.
 */
const DISTANCES = [1, 8];

/**
 * @param elements that the floats of a range may take; with 2^31 none is left out
 * @param bits of the states; null for all of them
 */
export async function* checkDrawn(
  device: CudaDevice,
  elements: number,
  bits: number | null,
): AsyncGenerator<Check> {
  const states = drawnStates(bits);
  const reference = await openDevice("cpu");
  const length = Math.min(elements, SLICE);
  const encoding = new Encoding(device, length);
  const parameters = { f32: zeros("f32", length), bf16: zeros("bf16", length) };
  const expect: Expect = (subject, _, gradients) => {
    const p = parameters[subject.dtype].subarray(0, gradients.length);
    return encodeOn(reference, subject, gradients, p);
  };
  try {
    const subjects = await subjectsOf(states, [device, reference]);
    for (const range of ranges)
      await encoding.hold(subjects, new Blocks(range, new Layout([1]), elements), expect);
    const logarithmic = subjects.filter(({ state }) => isLog(state.mapping));
    for (const quantile of logarithmic.length > 0 ? QUANTILES : []) {
      for (const distance of DISTANCES) {
        const layout = new Layout([1, ...new Array<number>(QUANTILE_ELEMENTS).fill(quantile)], distance);
        await encoding.hold(logarithmic, new Blocks(upToOne, layout, elements), expect);
      }
    }
    for (const subject of subjects) yield { what: textOf(subject), wrong: subject.wrong };
  } finally {
    encoding.release();
    reference.dispose();
  }
}
