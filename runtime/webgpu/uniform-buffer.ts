import type { OptimizerDescriptor, UniformValues } from "../descriptor.js";
import { UniformWords } from "../uniform-words.js";
import { usage } from "./usage.js";

/** The values of one step, on the device. */
export class UniformBuffer {
  readonly buffer: GPUBuffer;
  readonly #gpu: GPUDevice;
  readonly #values: UniformWords;

  constructor(gpu: GPUDevice, descriptor: OptimizerDescriptor) {
    this.#gpu = gpu;
    this.#values = new UniformWords(descriptor);
    const { byteLength: size } = this.#values.words;
    this.buffer = gpu.createBuffer({ size, usage: usage.uniform | usage.copyTarget });
  }

  write(values: UniformValues): void {
    this.#values.write(values);
    this.#gpu.queue.writeBuffer(this.buffer, 0, this.#values.words);
  }
}
