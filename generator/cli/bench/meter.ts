/** How time is taken on a device, and what a copy is there. */
import { CudaDevice, type Device, type DeviceArray, WebGpuDevice } from "../../../runtime/index.js";
import { loadAddon } from "../../../runtime/native/addon.js";

export interface Meter {
  /** What the milliseconds are of. */
  readonly timing: string;
  /** What copies. */
  readonly copying: string;
  /** Bytes read and written by `copy`. */
  readonly copyBytes: number;
  /** Overwrites more memory than the last-level cache holds. */
  copy(): void;
  /** Milliseconds of each of some pieces of work, one after the other. */
  time(works: readonly (() => void)[]): Promise<number[]>;
  dispose(): void;
}

/** Elements of each of the two arrays: 256 MiB, more than the last-level cache of a GPU or of most processors. */
const LENGTH = 2 ** 26;
/** Copies in a row on a GPU, so that the step that follows is enqueued before it begins. */
const COPIES = 8;

/** What the arrays of `openMeter` take on the device. */
export const meterBytes = 2 * 4 * LENGTH;

export function openMeter(device: Device): Meter {
  if (device instanceof CudaDevice)
    return {
      ...copyOnDevice(device, LENGTH, COPIES),
      timing: "CUDA events",
      copying: "cuMemcpyDtoDAsync",
      time: (works) => timeByEvents(device, works),
    };
  if (device instanceof WebGpuDevice)
    return {
      ...copyOnDevice(device, Math.min(LENGTH, longestArray(device)), 1),
      timing: "wall time from an idle queue to an idle queue, submission included",
      copying: "copyBufferToBuffer",
      time: (works) => timeByClock(device, works),
    };
  const threads = device.kind === "cpu";
  return {
    ...(threads ? copyOnThreads() : copyOnHost()),
    timing: "wall time",
    copying: threads ? "memcpy on all threads" : "TypedArray.set",
    time: (works) => timeByClock(device, works),
  };
}

type Copying = Pick<Meter, "copyBytes" | "copy" | "dispose">;

function copyOnDevice(device: Device, length: number, times: number): Copying {
  // Two calls, so that the arrays are of different buffers.
  const [from, to] = [makeArray(device, length), makeArray(device, length)];
  return {
    copyBytes: times * 2 * 4 * length,
    copy: () => {
      for (let turn = 0; turn < times; turn++) to.copyFrom(from);
    },
    dispose: () => {
      from.release();
      to.release();
    },
  };
}

function makeArray(device: Device, length: number): DeviceArray {
  return device.createArrays([{ role: "p", type: "f32", length, tensor: "copy" }])[0]!;
}

function longestArray({ gpu }: WebGpuDevice): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  return 64 * Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 256);
}

function copyOnThreads(): Copying {
  const { cpu } = loadAddon();
  const pool = cpu.createPool(cpu.hardwareThreads);
  return copyArrays((to, from) => cpu.copy(pool, to, from));
}

function copyOnHost(): Copying {
  return copyArrays((to, from) => to.set(from));
}

function copyArrays(copy: (to: Float32Array, from: Float32Array) => void): Copying {
  // Not zeros: the system may have one page for all of them.
  const [from, to] = [new Float32Array(LENGTH).fill(1), new Float32Array(LENGTH).fill(2)];
  return { copyBytes: 2 * from.byteLength, copy: () => copy(to, from), dispose: () => {} };
}

/** Nothing waits between them. */
async function timeByEvents(device: CudaDevice, works: readonly (() => void)[]): Promise<number[]> {
  await device.synchronize();
  const marks = [device.record()];
  for (const work of works) {
    work();
    marks.push(device.record());
  }
  return works.map((_, index) => device.elapsed(marks[index]!, marks[index + 1]!));
}

async function timeByClock(device: Device, works: readonly (() => void)[]): Promise<number[]> {
  const times: number[] = [];
  for (const work of works) {
    await device.synchronize();
    const started = performance.now();
    work();
    await device.synchronize();
    times.push(performance.now() - started);
  }
  return times;
}
