/**
 * The encoder of every table of the shipped specs, by the kernels of a GPU: the code of each float32 that there is to encode,
 * held to where codes change on the typescript device.
 */
import { type CudaDevice, openDevice, type TypeScriptDevice } from "lowbit-gen/runtime";
import type { Check } from "./check.js";
import { difference, Encoding, encodeOn, type Subject, subjectsOf, textOf } from "./codes.js";
import { above, Blocks, Layout, type Range, ranges } from "./floats.js";
import { Steps } from "./steps.js";
import { type EncodedState, greatestScale, nearestStates } from "./tables.js";

/** Elements of a launch, at most. */
const SLICE = 2 ** 28;

/** Floats that some states are given in blocks of the same layout. */
interface Sweep {
  readonly ranges: readonly Range[];
  readonly layout: Layout;
  readonly subjects: readonly Subject[];
}

/**
 * @param elements that the floats of a range may take; with 2^31 none is left out
 * @param bits of the states; null for all of them
 */
export async function* checkEncoders(
  device: CudaDevice,
  elements: number,
  bits: number | null,
): AsyncGenerator<Check> {
  const states = withHalfScales(nearestStates(bits));
  const subjects = await subjectsOf(states, [device]);
  const reference = await openDevice("typescript");
  const encoding = new Encoding(device, Math.min(elements, SLICE));
  try {
    for (const { ranges, layout, subjects: given } of sweepsOf(subjects)) {
      for (const range of ranges) {
        const blocks = new Blocks(range, layout, elements);
        const steps = await stepsOf(given, blocks, device, reference);
        await encoding.hold(given, blocks, (subject, slice) =>
          steps.get(subject)!.expected(blocks, slice, (gradients) => encodeOn(reference, subject, gradients)),
        );
      }
    }
  } finally {
    encoding.release();
  }
  for (const subject of subjects) yield { what: textOf(subject), wrong: subject.wrong };
}

/** Only beside a float16 scale is there more to encode than magnitudes up to 1, so each table is tried with one, too. */
function withHalfScales(states: readonly EncodedState[]): readonly EncodedState[] {
  const added = states.filter(({ scale }) => scale !== "f16");
  return [...states, ...added.map((state): EncodedState => ({ ...state, scale: "f16" }))];
}

function sweepsOf(subjects: readonly Subject[]): readonly Sweep[] {
  const halves = subjects.filter(({ state }) => state.scale === "f16");
  const greatest = [...new Set(halves.map(({ state }) => greatestScale(state)))];
  return [
    { ranges, layout: new Layout([1]), subjects },
    ...greatest.map((scale) => ({
      ranges: above(scale),
      layout: new Layout([scale]),
      subjects: halves.filter(({ state }) => greatestScale(state) === scale),
    })),
  ];
}

/** Where the codes of a range change, around each of which all is held to the same. */
async function stepsOf(
  subjects: readonly Subject[],
  { range, layout }: Blocks,
  device: CudaDevice,
  reference: TypeScriptDevice,
): Promise<ReadonlyMap<Subject, Steps>> {
  const all = new Map<Subject, Steps>();
  for (const subject of subjects) {
    const steps = await Steps.find(range, layout, (gradients) => encodeOn(reference, subject, gradients));
    all.set(subject, steps);
    const firsts = steps.around(range, layout);
    const near = layout.neighbours(firsts);
    const expected = await encodeOn(reference, subject, near);
    subject.wrong ??= difference(await encodeOn(device, subject, near), expected, firsts);
  }
  return all;
}
