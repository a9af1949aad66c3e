/** How time is taken on a device, and what a copy is there. */
import {
  CpuDevice,
  CudaDevice,
  type Device,
  type DeviceArray,
  WebGpuDevice,
} from "../../../runtime/index.js";
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
  /** Times some pieces of work, one after the other. */
  time(works: readonly (() => void)[]): Promise<Timed[]>;
  dispose(): void;
}

export interface Timed {
  readonly milliseconds: number;
  /** Milliseconds until the call returned: what the host spends on it. */
  readonly host: number;
  /** Whether a device that is timed by its own clock had done what was before it, and waited for the host. */
  readonly isLate: boolean;
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
  const isOnThreads = device instanceof CpuDevice;
  return {
    ...(isOnThreads ? copyOnThreads(device) : copyOnHost()),
    timing: "wall time",
    copying: isOnThreads ? "memcpy on all threads" : "TypedArray.set",
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

/** In the same kind of memory as what steps work on. */
function copyOnThreads(device: CpuDevice): Copying {
  const { cpu } = loadAddon();
  const pool = cpu.createPool(cpu.hardwareThreads);
  const zeros = (): Float32Array => device.zeros("f32", LENGTH);
  return copyArrays(zeros, (to, from) => cpu.copy(pool, to, from));
}

function copyOnHost(): Copying {
  return copyArrays(
    () => new Float32Array(LENGTH),
    (to, from) => to.set(from),
  );
}

function copyArrays(
  zeros: () => Float32Array,
  copy: (to: Float32Array, from: Float32Array) => void,
): Copying {
  // Not zeros: the system may have one page for all of them.
  const [from, to] = [zeros().fill(1), zeros().fill(2)];
  return { copyBytes: 2 * from.byteLength, copy: () => copy(to, from), dispose: () => {} };
}

/** Nothing waits between them. */
async function timeByEvents(device: CudaDevice, works: readonly (() => void)[]): Promise<Timed[]> {
  await device.synchronize();
  const marks = [device.record()];
  const started = performance.now();
  const calls = works.map((work) => {
    const begin = performance.now();
    work();
    const end = performance.now();
    marks.push(device.record());
    return { host: end - begin, enqueued: end - started };
  });
  let done = 0;
  return calls.map(({ host, enqueued }, index) => {
    const milliseconds = device.elapsed(marks[index]!, marks[index + 1]!);
    const isLate = index > 0 && enqueued > done;
    done += milliseconds;
    return { milliseconds, host, isLate };
  });
}

async function timeByClock(device: Device, works: readonly (() => void)[]): Promise<Timed[]> {
  const times: Timed[] = [];
  for (const work of works) {
    await device.synchronize();
    const started = performance.now();
    work();
    const host = performance.now() - started;
    await device.synchronize();
    times.push({ milliseconds: performance.now() - started, host, isLate: false });
  }
  return times;
}
