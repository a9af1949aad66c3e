import type { OptimizerDescriptor, UniformValues } from "../descriptor.js";

/** The struct `<kernel>_uniforms` of every kernel of a package: f32 uniforms in order, then two u32 keys a stream. */
export class UniformWords {
  readonly words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #names: readonly string[];
  readonly #keys: readonly string[];

  constructor({ uniforms, streams }: OptimizerDescriptor) {
    this.#names = uniforms;
    this.#keys = streams.flatMap(({ state }) => [`${state}_key0`, `${state}_key1`]);
    this.words = new Uint32Array(this.#names.length + this.#keys.length);
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
