import type { Device } from "../../../runtime/index.js";
import type { Package } from "../../index.js";
import type { Bytes } from "./bytes.js";
import type { Circumstances } from "./machine.js";
import type { Samples, Turns } from "./measure.js";
import type { Meter } from "./meter.js";
import type { ShapesName, Tensor } from "./shapes.js";
import { type Summary, summarize } from "./statistics.js";

/** What `bench --json` writes. A GB is 10^9 bytes. */
export interface BenchFile extends Circumstances {
  /** Grows when a field changes its meaning. */
  readonly format: 1;
  readonly device: {
    readonly kind: string;
    readonly name: string;
    /** What step times are of. */
    readonly timing: string;
    readonly copy: string;
  };
  readonly turns: Turns;
  readonly results: readonly BenchResult[];
}

export interface BenchResult {
  readonly spec: string;
  /** SHA-256 of the plan, as in checkpoints. */
  readonly specHash: string;
  readonly math: string;
  readonly shapes: ShapesName;
  readonly shrink: number;
  readonly tensors: number;
  readonly parameters: number;
  readonly param: string;
  readonly grad: string;
  readonly stepMilliseconds: Summary;
  readonly host: {
    /** Until the call of step returned. */
    readonly milliseconds: Summary;
    /** Steps in which the device waited for the host, so that their time is partly the host's. */
    readonly lateSteps: number;
  };
  readonly bytes: Bytes;
  /** Counted bytes over the median step. */
  readonly gigabytesPerSecond: number;
  readonly copy: {
    /** Read and written. */
    readonly bytes: number;
    readonly milliseconds: Summary;
    readonly gigabytesPerSecond: number;
  };
  /** Of the copy bandwidth: what all implementations can be compared by. */
  readonly fraction: number;
  /** The same with the extra reads counted as moved: how near the passes are to their own limit. */
  readonly fractionWithExtraReads: number;
}

/** What was measured, and what it comes to. */
export interface Measured {
  readonly compiled: Package;
  readonly specHash: string;
  readonly shapes: ShapesName;
  readonly shrink: number;
  readonly tensors: readonly Tensor[];
  readonly bytes: Bytes;
  readonly samples: Samples;
}

export function resultOf({ compiled, samples, bytes, ...rest }: Measured, { copyBytes }: Meter): BenchResult {
  const { name, math, dtypes } = compiled.plan;
  const { param, grad } = dtypes[0]!;
  const [steps, copies] = [summarize(samples.steps), summarize(samples.copies)];
  const gigabytesPerSecond = rateOf(bytes.counted, steps.median);
  const copyRate = rateOf(copyBytes, copies.median);
  return {
    spec: name,
    specHash: rest.specHash,
    math,
    shapes: rest.shapes,
    shrink: rest.shrink,
    tensors: rest.tensors.length,
    parameters: rest.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    param,
    grad,
    stepMilliseconds: steps,
    host: { milliseconds: summarize(samples.hosts), lateSteps: samples.late },
    bytes,
    gigabytesPerSecond,
    copy: { bytes: copyBytes, milliseconds: copies, gigabytesPerSecond: copyRate },
    fraction: gigabytesPerSecond / copyRate,
    fractionWithExtraReads: rateOf(bytes.counted + bytes.extraReads, steps.median) / copyRate,
  };
}

export function fileOf(
  circumstances: Circumstances,
  device: Device,
  { timing, copying }: Meter,
  turns: Turns,
  results: readonly BenchResult[],
): BenchFile {
  return {
    format: 1,
    ...circumstances,
    device: { kind: device.kind, name: device.description, timing, copy: copying },
    turns,
    results,
  };
}

/** @returns GB/s */
function rateOf(bytes: number, milliseconds: number): number {
  return bytes / milliseconds / 1e6;
}
