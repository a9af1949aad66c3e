/** Operations as a graph: each begins when those are over that it has to run after, whatever else is still running. */
import type { EventHandle, GraphHandle, NativeCuda, StreamHandle } from "../native/cuda.js";
import type { Gpu } from "./gpu.js";
import type { Operation } from "./plan.js";

/** Enqueues one operation. */
export type Command = (stream: StreamHandle) => void;

export interface Node {
  readonly command: Command;
  /** Nodes of the same branch. */
  readonly after: readonly number[];
}

/** What each operation runs after: those before it with which it shares an array, but not what these run after anyway. */
export function orderOf(operations: readonly Pick<Operation, "touched">[]): readonly (readonly number[])[] {
  const before: Set<number>[] = [];
  return operations.map(({ touched }, i) => {
    const after: number[] = [];
    const known = new Set<number>();
    for (let j = i - 1; j >= 0; j--) {
      const other = operations[j]!.touched;
      if (known.has(j) || other === touched || ![...touched].some((name) => other.has(name))) continue;
      after.push(j);
      for (const one of [j, ...before[j]!]) known.add(one);
    }
    before.push(known);
    return after;
  });
}

/** @param branches the last one on the stream itself */
export function capture(
  { driver, context, stream }: Gpu,
  branches: readonly (readonly Node[])[],
): GraphHandle {
  const sides: StreamHandle[] = [];
  const events: EventHandle[] = [];
  const record = (at: StreamHandle): EventHandle => {
    const event = driver.record(at);
    events.push(event);
    return event;
  };
  const createSide = (): StreamHandle => {
    const side = driver.createStream(context);
    sides.push(side);
    return side;
  };
  try {
    driver.beginCapture(stream);
    try {
      const start = record(stream);
      const ends = branches.flatMap((branch, i) => {
        return fork(driver, branch, start, i === branches.length - 1 ? stream : null, createSide, record);
      });
      for (const end of ends) driver.follow(stream, end);
    } catch (error) {
      // The capture ends in any case; its own error would hide the cause.
      try {
        driver.free(driver.endCapture(stream));
      } catch {}
      throw error;
    }
    return driver.endCapture(stream);
  } finally {
    for (const one of [...events, ...sides]) driver.free(one);
  }
}

/** One branch into the capture. Returns the ends of the streams that it took. */
function fork(
  driver: NativeCuda,
  branch: readonly Node[],
  start: EventHandle,
  first: StreamHandle | null,
  createSide: () => StreamHandle,
  record: (at: StreamHandle) => EventHandle,
): EventHandle[] {
  const done: { readonly at: StreamHandle; readonly event: EventHandle }[] = [];
  const lasts = new Map<StreamHandle, number>();
  branch.forEach(({ command, after }, i) => {
    const continued = after.find((one) => lasts.get(done[one]!.at) === one);
    const at =
      continued !== undefined ? done[continued]!.at : i === 0 && first !== null ? first : createSide();
    if (after.length === 0 && at !== first) driver.follow(at, start);
    for (const one of after) if (one !== continued) driver.follow(at, done[one]!.event);
    command(at);
    lasts.set(at, i);
    done.push({ at, event: record(at) });
  });
  return [...lasts.values()].map((i) => done[i]!.event);
}
