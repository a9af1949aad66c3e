import { wordsOf } from "../arrays.js";
import type { HostData } from "../device.js";
import type { WebGpuArray } from "./array.js";
import type { Faults } from "./faults.js";
import { Gather, wholeWords } from "./gather.js";
import { usage } from "./usage.js";

/** Brings values into arrays, in queue order with the steps. */
export class Transfers {
  readonly #gpu: GPUDevice;
  readonly #faults: Faults;
  readonly #gather: Gather;

  constructor(gpu: GPUDevice, faults: Faults) {
    this.#gpu = gpu;
    this.#faults = faults;
    this.#gather = new Gather(gpu.queue);
  }

  write(target: WebGpuArray, source: HostData, offset: number): void {
    this.#faults.guard("writing an array", () => {
      this.#gpu.queue.writeBuffer(
        target.buffer,
        target.byteOffset + offset * source.BYTES_PER_ELEMENT,
        wholeWords(source),
      );
    });
  }

  copy(target: WebGpuArray, source: WebGpuArray): void {
    this.feed([target], [source]);
  }

  feed(targets: readonly WebGpuArray[], sources: readonly (HostData | WebGpuArray)[]): void {
    this.#faults.guard("copying arrays", () => {
      let encoder: GPUCommandEncoder | null = null;
      const bounces: GPUBuffer[] = [];
      targets.forEach((target, i) => {
        const source = sources[i]!;
        if (source === target || target.length === 0) return;
        if (ArrayBuffer.isView(source)) this.#gather.add(target, source);
        else {
          encoder ??= this.#gpu.createCommandEncoder();
          this.#encodeCopy(encoder, target, source, bounces);
        }
      });
      this.#gather.flush();
      if (encoder !== null) this.#gpu.queue.submit([(encoder as GPUCommandEncoder).finish()]);
      for (const bounce of bounces) bounce.destroy();
    });
  }

  #encodeCopy(
    encoder: GPUCommandEncoder,
    target: WebGpuArray,
    source: WebGpuArray,
    bounces: GPUBuffer[],
  ): void {
    const bytes = wordsOf(target) * 4;
    let { buffer, byteOffset } = source;
    if (buffer === target.buffer) {
      // WebGPU does not copy within one buffer.
      const bounce = this.#gpu.createBuffer({ size: bytes, usage: usage.copySource | usage.copyTarget });
      encoder.copyBufferToBuffer(buffer, byteOffset, bounce, 0, bytes);
      bounces.push(bounce);
      buffer = bounce;
      byteOffset = 0;
    }
    encoder.copyBufferToBuffer(buffer, byteOffset, target.buffer, target.byteOffset, bytes);
  }
}
