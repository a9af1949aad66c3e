import {
  referenceStep,
  type TensorImage,
  uniformsOf,
  variantOf,
} from "../../generator/cli/fuzz/reference.js";
import type { Package } from "../../generator/index.js";
import type { CodecPlan } from "../../generator/lower/plan.js";
import { tensorId } from "../../runtime/names.js";

type Tensors = Readonly<Record<string, Float32Array>>;

/** A package run by the evaluator, as an optimizer: the definition that targets are held to. */
export class Evaluated {
  readonly #package: Package;
  readonly #hypers: Readonly<Record<string, number>>;
  readonly #seed: number;
  #images: readonly TensorImage[];
  #t = 0;

  constructor(
    compiled: Package,
    params: Tensors,
    options: { readonly hypers?: Readonly<Record<string, number>>; readonly seed?: number } = {},
  ) {
    const numbers = compiled.plan.hypers.flatMap(({ name, default: value }) =>
      value === null ? [] : [[name, value] as const],
    );
    this.#package = compiled;
    this.#hypers = { ...Object.fromEntries(numbers), ...options.hypers };
    this.#seed = options.seed ?? 0;
    this.#images = Object.entries(params).map(([name, p]) => startImage(compiled, name, p));
  }

  step(grads: Tensors): void {
    this.#t++;
    const settings = { hypers: this.#hypers, t: this.#t, seed: this.#seed };
    const uniforms = uniformsOf(this.#package, settings);
    this.#images = this.#images.map((image) =>
      referenceStep(this.#package, image, grads[image.name] as Float32Array, uniforms),
    );
  }

  /** p and every array of the states, by tensor. */
  get arrays(): Readonly<Record<string, TensorImage["arrays"]>> {
    return Object.fromEntries(this.#images.map(({ name, arrays }) => [name, arrays]));
  }
}

/** Every stored bit of every state is zero. */
function startImage(compiled: Package, name: string, p: Float32Array): TensorImage {
  const states = variantOf(compiled, p.length).states.map(({ name: state, codec }) =>
    startArrays(state, codec, p.length),
  );
  return { name, length: p.length, id: tensorId(name), arrays: Object.assign({ p: p.slice() }, ...states) };
}

function startArrays(
  state: string,
  codec: CodecPlan,
  length: number,
): Record<string, Float32Array | Uint32Array> {
  if (codec.kind === "f32") return { [state]: new Float32Array(length) };
  const words = new Uint32Array(Math.ceil((length * codec.bits) / 32));
  if (codec.kind === "bf16") return { [state]: words };
  const scales = codec.normalize === "tensor" ? 1 : Math.ceil(length / codec.normalize.block);
  return { [`${state}_codes`]: words, [`${state}_scale`]: new Float32Array(scales) };
}
