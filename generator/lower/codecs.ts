import type { CodecPlan, QuantizedCodec, ScaleFormat } from "./plan.js";

/** Whether a state is kept as codes, with a scale for each run. */
export function isQuantized(codec: CodecPlan): codec is QuantizedCodec {
  return codec.kind === "table" || codec.kind === "log";
}

/** Bits of a scale. */
export const scaleWidth: Readonly<Record<ScaleFormat, number>> = { f32: 32, f16: 16, bf16: 16 };

/** Of what is kept of a run beside its codes, for each element; nothing where the run is the tensor. */
export function scaleBits(codec: CodecPlan): number {
  if (!isQuantized(codec) || typeof codec.normalize === "string") return 0;
  return (scaleWidth[codec.scale] + (codec.kind === "log" ? 32 : 0)) / codec.normalize.block;
}
