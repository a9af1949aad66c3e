import { countOf, geometryOf, scaleCount } from "../../generator/ir/geometry.js";
import { isQuantized } from "../../generator/lower/codecs.js";
import type { Plan, VariantPlan } from "../../generator/lower/plan.js";

type Arrays = Record<string, Float32Array | Uint32Array>;

/** Every array of the states of a tensor before its first step: every stored bit is 0. */
export function emptyArrays({ states }: VariantPlan, shape: readonly number[]): Arrays {
  const geometry = geometryOf(shape);
  const arrays: Arrays = {};
  for (const { name, shape: own, codec } of states) {
    const words = Math.ceil((geometry.length * codec.bits) / 32);
    if (codec.kind === "f32") arrays[name] = new Float32Array(countOf(own, geometry));
    if (codec.kind === "bf16") arrays[name] = new Uint32Array(words);
    if (!isQuantized(codec)) continue;
    const run = typeof codec.normalize === "string" ? codec.normalize : codec.normalize.block;
    arrays[`${name}_codes`] = new Uint32Array(words);
    const scales = scaleCount(run, geometry);
    arrays[`${name}_scale`] =
      codec.scale === "f32" ? new Float32Array(scales) : new Uint32Array(Math.ceil(scales / 2));
    if (codec.kind === "log") arrays[`${name}_alpha`] = new Float32Array(scales);
  }
  return arrays;
}

/** The second part of so many parameters of 16 bits, where they have one. */
export function emptyCorrection({ parameter: { master } }: Plan, length: number): Arrays {
  return master === null ? {} : { p_correction: new Uint32Array(Math.ceil((length * (master - 16)) / 32)) };
}
