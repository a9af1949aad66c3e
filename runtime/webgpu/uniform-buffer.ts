import type { OptimizerDescriptor, UniformValues } from "../descriptor.js";
import { usage } from "./usage.js";

/** The kernels' one uniform struct: f32 uniforms in order, then two u32 keys a stream, padded to 16 bytes. */
export class UniformBuffer {
  readonly buffer: GPUBuffer;
  readonly #gpu: GPUDevice;
  readonly #names: readonly string[];
  readonly #keys: readonly string[];
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;

  constructor(gpu: GPUDevice, { uniforms, streams }: OptimizerDescriptor) {
    this.#gpu = gpu;
    this.#names = uniforms;
    this.#keys = streams.flatMap(({ state }) => [`${state}_key0`, `${state}_key1`]);
    const bytes = Math.max(16, Math.ceil(((this.#names.length + this.#keys.length) * 4) / 16) * 16);
    const memory = new ArrayBuffer(bytes);
    this.#floats = new Float32Array(memory);
    this.#words = new Uint32Array(memory);
    this.buffer = gpu.createBuffer({ size: bytes, usage: usage.uniform | usage.copyTarget });
  }

  write(values: UniformValues): void {
    this.#names.forEach((name, i) => {
      this.#floats[i] = values[name]!;
    });
    this.#keys.forEach((key, i) => {
      this.#words[this.#names.length + i] = values[key]!;
    });
    this.#gpu.queue.writeBuffer(this.buffer, 0, this.#words);
  }
}
