import type { ElementKernel } from "../ir/types.js";
import type { stateView } from "./state.js";

type StateView = ReturnType<typeof stateView>;

/** What a cache fetches at once. */
const LINE = 128;

/** Lines of an array that some threads ask for, one each, before their turn has come. */
export interface AheadView {
  readonly array: string;
  /** Where a tile begins: its first element by `per`, times `times`. */
  readonly per: number | null;
  readonly times: number | null;
  /** Bytes behind that. */
  readonly offset: number;
  /** The threads: so many from the first. */
  readonly first: number;
  readonly count: number;
}

/** An array from where a tile begins in it. */
interface Stretch extends Pick<AheadView, "array" | "per" | "times"> {
  readonly bytes: number;
}

/** Everything that a tile reads and that lies in the order of its elements, dealt out to the threads in turn. */
export function aheadViews(
  { tile, parameter, gradient }: ElementKernel,
  states: readonly StateView[],
  granule: number,
  threads: number,
): AheadView[] {
  const arrays: Stretch[] = [
    { array: "p", per: null, times: null, bytes: (tile * parameter.bits) / 8 },
    { array: "g", per: null, times: null, bytes: (tile * gradient.bits) / 8 },
    ...states.flatMap((state) => arraysOf(state, tile, granule)),
  ];
  const views: AheadView[] = [];
  let next = 0;
  for (const { bytes, ...place } of arrays) {
    const lines = Math.ceil(bytes / LINE);
    for (let line = 0; line < lines; ) {
      const first = next % threads;
      const count = Math.min(lines - line, threads - first);
      views.push({ ...place, offset: line * LINE, first, count });
      line += count;
      next += count;
    }
  }
  return views;
}

function arraysOf(state: StateView, tile: number, granule: number): Stretch[] {
  const { data, words, run, bits, isPlain, hasScale, hasAlpha, isHalfScale } = state;
  if (isPlain) return [{ array: data, per: null, times: null, bytes: 4 * tile }];
  const codes = { array: data, per: granule, times: words === 1 ? null : words, bytes: (tile * bits) / 8 };
  const scales = { per: run, times: null, bytes: ((isHalfScale ? 2 : 4) * tile) / run };
  return [
    codes,
    ...(hasScale && run > 0 ? [{ ...scales, array: `${state.state}_scale` }] : []),
    ...(hasAlpha ? [{ ...scales, array: `${state.state}_alpha`, bytes: (4 * tile) / run }] : []),
  ];
}
