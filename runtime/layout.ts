/** Which arrays keep the states of one tensor, on the device and in a checkpoint. */
import type { StateDescriptor, VariantDescriptor } from "./descriptor.js";
import { LowbitError } from "./errors.js";
import { countOf, extentOf, geometryOf, scaleCount } from "./geometry.js";

export interface StateArray {
  readonly name: string;
  readonly type: "f32" | "u32";
  /** Elements of 4 bytes. */
  readonly length: number;
  readonly file: { readonly dtype: "F32" | "F16" | "BF16" | "U32"; readonly shape: readonly number[] };
}

export function stateArrays({ name, storage }: StateDescriptor, shape: readonly number[]): StateArray[] {
  const geometry = geometryOf(shape);
  const n = geometry.length;
  switch (storage.kind) {
    case "f32": {
      const length = countOf(storage.shape, geometry);
      const kept = storage.shape === "element" ? shape : [length];
      return [{ name, type: "f32", length, file: { dtype: "F32", shape: kept } }];
    }
    case "bf16":
      return [{ name, type: "u32", length: Math.ceil(n / 2), file: { dtype: "BF16", shape } }];
    case "bits": {
      const words = Math.ceil((n * storage.bits) / 32);
      return [{ name, type: "u32", length: words, file: { dtype: "U32", shape: [words] } }];
    }
    case "codes": {
      const words = Math.ceil((n * storage.bits) / 32);
      const scales = scaleCount(storage.run, geometry);
      return [
        { name: `${name}_codes`, type: "u32", length: words, file: { dtype: "U32", shape: [words] } },
        scaleArray(`${name}_scale`, storage.scale, scales),
        ...(storage.alpha ? [scaleArray(`${name}_alpha`, "f32", scales)] : []),
      ];
    }
  }
}

function scaleArray(name: string, format: "f32" | "f16" | "bf16", runs: number): StateArray {
  if (format === "f32") return { name, type: "f32", length: runs, file: { dtype: "F32", shape: [runs] } };
  const dtype = format === "f16" ? "F16" : "BF16";
  return { name, type: "u32", length: Math.ceil(runs / 2), file: { dtype, shape: [runs] } };
}

/** What passes of a variant leave for later ones of the same step. */
export function scratchArrays(
  { name, passes, states, scratch }: VariantDescriptor,
  shape: readonly number[],
): { readonly name: string; readonly type: "f32" | "u32"; readonly length: number }[] {
  const kept = states.flatMap((state) => stateArrays(state, shape));
  const maxima = [...new Set(passes.flatMap(({ clears }) => clears))].map((array) => {
    const scales = kept.find((other) => other.name === array.replace(/_next$/, "_scale"));
    if (scales === undefined)
      throw new LowbitError(
        "descriptor",
        `variant ${name}: a pass leaves ${array}, which belongs to no scale`,
      );
    return { name: array, type: "u32", length: scales.length } as const;
  });
  const geometry = geometryOf(shape);
  const folded = scratch.map(({ name: array, extent }) => ({
    name: array,
    type: "f32" as const,
    length: extentOf(extent, geometry),
  }));
  return [...maxima, ...folded];
}
