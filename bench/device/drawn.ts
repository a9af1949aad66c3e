/**
 * States that are rounded at random, by the kernels of a GPU: the code of each float32 that there is to encode, with the random
 * words of the first step, held to the processor's.
 */
import { type CudaDevice, type Device, type HostData, openDevice } from "lowbit-gen/runtime";
import type { Dtype } from "../../generator/lower/plan.js";
import type { Check } from "./check.js";
import { Arrays, encodeOn, type Subject, subjectsOf, textOf, zeros } from "./codes.js";
import { BLOCK, Blocks, Layout, ranges, upToOne } from "./floats.js";
import { difference } from "./steps.js";
import { drawnStates, isLogarithmic } from "./tables.js";

/** Elements of a launch, at most. */
const SLICE = 2 ** 26;

/** Quantiles that levels of `log` are made of, as parts of the scale: close together, as in training, and as far as they go. */
const QUANTILES = [1 - 2 ** -10, 2 ** -1, 2 ** -10, 2 ** -40, 2 ** -100];
/**
 * Elements of a block that are the quantile, more than a tenth, and how far apart: crowded together, so that a few lanes have all
 * that is least, for which the kernels sort; and so that each has some, where codes are by logarithms.
 */
const QUANTILE_ELEMENTS = [
  { count: 15, distance: 1 },
  { count: 15, distance: 8 },
];

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
  const both = new Both(device, reference, Math.min(elements, SLICE));
  try {
    const subjects = await subjectsOf(states, device, reference);
    const logarithmic = subjects.filter(({ state }) => isLogarithmic(state));
    const one = new Layout([1]);
    for (const range of ranges) await both.sweep(subjects, new Blocks(range, one, elements));
    for (const quantile of logarithmic.length > 0 ? QUANTILES : []) {
      for (const { count, distance } of QUANTILE_ELEMENTS) {
        const layout = new Layout([1, ...new Array<number>(count).fill(quantile)], distance);
        await both.sweep(logarithmic, new Blocks(upToOne, layout, elements));
      }
    }
    for (const subject of subjects) yield { what: textOf(subject), wrong: subject.wrong };
  } finally {
    both.release();
    reference.dispose();
  }
}

/** A GPU and a device that it is held to, with memory that is used again: to make it anew takes longer than to encode. */
class Both {
  readonly #reference: Device;
  readonly #length: number;
  readonly #gradients: Uint32Array<ArrayBuffer>;
  readonly #arrays: Arrays;
  readonly #parameters = new Map<Dtype, HostData>();

  /** @param length elements at once, at most */
  constructor(device: CudaDevice, reference: Device, length: number) {
    this.#reference = reference;
    this.#length = length;
    this.#gradients = new Uint32Array(length);
    this.#arrays = new Arrays(device, length);
  }

  async sweep(subjects: readonly Subject[], blocks: Blocks): Promise<void> {
    for (const { firsts } of blocks.slices(Math.floor(this.#length / BLOCK))) {
      const gradients = blocks.layout.neighbours(firsts, this.#gradients);
      this.#arrays.write(gradients);
      for (const subject of subjects) {
        if (subject.wrong !== null) continue;
        const p = this.#parametersOf(subject.dtype).subarray(0, gradients.length);
        const expected = await encodeOn(this.#reference, subject, gradients, p);
        subject.wrong = difference(await this.#arrays.encode(subject, gradients.length), expected, firsts);
      }
    }
    for (const subject of subjects) subject.floats += blocks.floats;
  }

  /** Whatever they were updated to: codes don't depend on them. */
  #parametersOf(dtype: Dtype): HostData {
    const made = this.#parameters.get(dtype) ?? zeros(dtype, this.#length);
    this.#parameters.set(dtype, made);
    return made;
  }

  release(): void {
    this.#arrays.release();
  }
}
