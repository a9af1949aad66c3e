import {
  referenceStep,
  type StoredArray,
  type TensorImage,
  uniformsOf,
  variantOf,
} from "../../generator/cli/fuzz/reference.js";
import type { Package } from "../../generator/index.js";
import type { DtypePlan } from "../../generator/lower/plan.js";
import type { ParameterValues } from "../../runtime/index.js";
import { tensorId } from "../../runtime/names.js";
import { emptyArrays, emptyCorrection } from "../support/empty.js";

type Tensors = Readonly<Record<string, ParameterValues>>;
/** Of one dimension, or with a shape. */
type Values = ParameterValues | { readonly data: Float32Array; readonly shape: readonly number[] };

const storedOf = (values: ParameterValues): StoredArray => ("dtype" in values ? values.data : values);

/** A package run by the evaluator, as an optimizer: the definition that targets are held to. */
export class Evaluated {
  readonly #package: Package;
  readonly #hypers: Readonly<Record<string, number>>;
  readonly #seed: number;
  #images: readonly TensorImage[];
  #t = 0;

  constructor(
    compiled: Package,
    params: Readonly<Record<string, Values>>,
    options: {
      readonly hypers?: Readonly<Record<string, number>>;
      readonly seed?: number;
      readonly dtypes?: DtypePlan;
    } = {},
  ) {
    const numbers = compiled.plan.hypers.flatMap(({ name, default: value }) =>
      value === null ? [] : [[name, value] as const],
    );
    this.#package = compiled;
    this.#hypers = { ...Object.fromEntries(numbers), ...options.hypers };
    this.#seed = options.seed ?? 0;
    const { dtypes } = options;
    this.#images = Object.entries(params).map(([name, p]) => ({
      ...startImage(compiled, name, p),
      ...(dtypes && { dtypes }),
    }));
  }

  step(grads: Tensors): void {
    this.#t++;
    const settings = { hypers: this.#hypers, t: this.#t, seed: this.#seed };
    const uniforms = uniformsOf(this.#package, settings);
    this.#images = this.#images.map((image) =>
      referenceStep(this.#package, image, storedOf(grads[image.name] as ParameterValues), uniforms),
    );
  }

  /** p and every array of the states, by tensor. */
  get arrays(): Readonly<Record<string, TensorImage["arrays"]>> {
    return Object.fromEntries(this.#images.map(({ name, arrays }) => [name, arrays]));
  }
}

/** Every stored bit of every state is zero. */
function startImage(compiled: Package, name: string, given: Values): TensorImage {
  const { data, shape } = given instanceof Float32Array ? { data: given, shape: [given.length] } : given;
  const correction = data instanceof Uint16Array ? emptyCorrection(compiled.plan, data.length) : {};
  const arrays = { p: data.slice(), ...emptyArrays(variantOf(compiled, shape), shape), ...correction };
  return { name, shape, length: data.length, id: tensorId(name), arrays };
}
