import type { LowbitOptimizer, ParameterValues } from "../../../runtime/index.js";
import type { Instance } from "../instantiate.js";

/** The states of one parameter as the next step will read them: float32, as long as the parameter. */
export async function decodeStates(
  { descriptor, codecs }: Instance,
  optimizer: LowbitOptimizer<string, ParameterValues>,
  tensor: string,
  length: number,
): Promise<[state: string, values: Float32Array][]> {
  const stored = await optimizer.state(tensor);
  const variant = descriptor.variants.find(({ name }) => name === optimizer.variantOf(tensor));
  return (variant?.states ?? []).map(({ name, storage }) => {
    if (storage.kind === "f32") return [name, stored[name] as Float32Array];
    const codes = stored[storage.kind === "bf16" ? name : `${name}_codes`] as Uint32Array;
    const scales = (stored[`${name}_scale`] ?? new Float32Array(0)) as Float32Array | Uint32Array;
    const codec = codecs[name];
    if (codec === undefined) throw new Error(`the package has no codec for the state ${name}`);
    const alphas = stored[`${name}_alpha`] as Float32Array | undefined;
    return [name, codec.dequantize({ codes, scales, ...(alphas !== undefined && { alphas }) }, length)];
  });
}
