import { hostArray, wordsOf } from "../arrays.js";
import type { HostData } from "../device.js";
import { alignedBytes } from "../placement.js";
import { ALIGNMENT, type WebGpuArray } from "./array.js";
import { MAP_MODE_READ, usage } from "./usage.js";

/** Bytes of one staging buffer, unless a single array is larger. */
const BATCH_BYTES = 64 * 2 ** 20;

interface Batch {
  readonly arrays: WebGpuArray[];
  bytes: number;
}

/** Copies all arrays to staging buffers at once, so that what is enqueued later cannot change the answer. */
export function enqueueReadback(gpu: GPUDevice, arrays: readonly WebGpuArray[]): Promise<HostData[]> {
  const encoder = gpu.createCommandEncoder();
  const staged = batchesOf(arrays).map((batch) => {
    const staging = gpu.createBuffer({
      size: Math.max(batch.bytes, 16),
      usage: usage.mapRead | usage.copyTarget,
    });
    let offset = 0;
    for (const array of batch.arrays) {
      const words = wordsOf(array);
      if (words > 0) encoder.copyBufferToBuffer(array.buffer, array.byteOffset, staging, offset, words * 4);
      offset += alignedBytes(words, ALIGNMENT);
    }
    return { batch, staging };
  });
  gpu.queue.submit([encoder.finish()]);
  return Promise.all(staged.map(({ batch, staging }) => takeOut(batch, staging))).then((parts) =>
    parts.flat(),
  );
}

function batchesOf(arrays: readonly WebGpuArray[]): Batch[] {
  const batches: Batch[] = [];
  for (const array of arrays) {
    const bytes = alignedBytes(wordsOf(array), ALIGNMENT);
    let batch = batches.at(-1);
    if (batch === undefined || batch.bytes + bytes > BATCH_BYTES) {
      batch = { arrays: [], bytes: 0 };
      batches.push(batch);
    }
    batch.arrays.push(array);
    batch.bytes += bytes;
  }
  return batches;
}

async function takeOut({ arrays }: Batch, staging: GPUBuffer): Promise<HostData[]> {
  try {
    await staging.mapAsync(MAP_MODE_READ);
    const mapped = staging.getMappedRange();
    let offset = 0;
    return arrays.map((array) => {
      const copy = hostArray(array.type, array.length);
      new Uint8Array(copy.buffer).set(new Uint8Array(mapped, offset, copy.byteLength));
      offset += alignedBytes(wordsOf(array), ALIGNMENT);
      return copy;
    });
  } finally {
    staging.destroy();
  }
}
