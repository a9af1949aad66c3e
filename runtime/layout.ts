/** Which arrays keep the states of one tensor, on the device and in a checkpoint. */
import type { StateDescriptor, TypeName, VariantDescriptor } from "./descriptor.js";
import { LowbitError } from "./errors.js";

export interface StateArray {
  readonly name: string;
  readonly type: TypeName;
  /** Elements of 4 bytes. */
  readonly length: number;
  readonly file: { readonly dtype: "F32" | "BF16" | "U32"; readonly shape: readonly number[] };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function stateArrays({ name, storage }: StateDescriptor, shape: readonly number[]): StateArray[] {
  const n = sizeOf(shape);
  switch (storage.kind) {
    case "f32":
      return [{ name, type: "f32", length: n, file: { dtype: "F32", shape } }];
    case "bf16":
      return [{ name, type: "u32", length: Math.ceil(n / 2), file: { dtype: "BF16", shape } }];
    case "codes": {
      const words = Math.ceil((n * storage.bits) / 32);
      const scales = storage.block === "tensor" ? 1 : Math.ceil(n / storage.block);
      return [
        { name: `${name}_codes`, type: "u32", length: words, file: { dtype: "U32", shape: [words] } },
        { name: `${name}_scale`, type: "f32", length: scales, file: { dtype: "F32", shape: [scales] } },
      ];
    }
  }
}

/** `<state>_next` of every state that a pass of the variant clears or publishes: one word a scale. */
export function nextArrays(
  variant: VariantDescriptor,
  shape: readonly number[],
): { readonly name: string; readonly length: number }[] {
  const names = new Set(variant.passes.flatMap(({ clears, publishes }) => [...clears, ...publishes]));
  return [...names].map((name) => {
    const state = variant.states.find((candidate) => candidate.name === name);
    const scale = state && stateArrays(state, shape).find((array) => array.name === `${name}_scale`);
    if (scale === undefined)
      throw new LowbitError(
        "descriptor",
        `variant ${variant.name}: a pass measures ${name}, which has no scale`,
      );
    return { name: `${name}_next`, length: scale.length };
  });
}
