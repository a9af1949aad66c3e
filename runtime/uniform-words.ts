import type { OptimizerDescriptor, UniformValues } from "./descriptor.js";

/** The kernels' one uniform struct: f32 uniforms in order, then two u32 keys a stream, padded to 16 bytes. */
export class UniformWords {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #floats: Float32Array;
  readonly #names: readonly string[];
  readonly #keys: readonly string[];

  constructor({ uniforms, streams }: OptimizerDescriptor) {
    this.#names = uniforms;
    this.#keys = streams.flatMap(({ state }) => [`${state}_key0`, `${state}_key1`]);
    const bytes = Math.max(16, Math.ceil(((this.#names.length + this.#keys.length) * 4) / 16) * 16);
    this.words = new Uint32Array(bytes / 4);
    this.#floats = new Float32Array(this.words.buffer);
  }

  write(values: UniformValues): void {
    this.#names.forEach((name, i) => {
      this.#floats[i] = values[name]!;
    });
    this.#keys.forEach((key, i) => {
      this.words[this.#names.length + i] = values[key]!;
    });
  }
}
