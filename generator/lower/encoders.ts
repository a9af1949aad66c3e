import { type EncoderPlan, encoderWithin, steppedEncoder } from "./encoder.js";
import type { CodecPlan, Plan, TableCodec, VariantPlan } from "./plan.js";
import { searchedOf } from "./tables.js";

/** What a target says of its tables. */
export interface TableCapabilities {
  /** Entries of a table above which smaller ones and arithmetic are cheaper; of none where it is left out. */
  readonly entries?: number;
  /** Whether operations are dearer than the memory of a table. */
  readonly steps?: boolean;
}

/** The same plan with the encoders that suit a target. */
export function withEncodersFor({ entries, steps = false }: TableCapabilities, plan: Plan): Plan {
  if (entries === undefined && !steps) return plan;
  let changed = false;
  const encoderOf = ({ encoder, rounding, levels, thresholds }: TableCodec): EncoderPlan => {
    const searched = searchedOf(rounding, levels, thresholds);
    if (steps) return rounding === "nearest" ? steppedEncoder(encoder, searched) : encoder;
    return encoderWithin(entries as number, encoder, searched);
  };
  const codecOf = (codec: CodecPlan): CodecPlan => {
    if (codec.kind !== "table") return codec;
    const encoder = encoderOf(codec);
    changed ||= encoder !== codec.encoder;
    return { ...codec, encoder };
  };
  const variants = plan.variants.map(
    (variant): VariantPlan => ({
      ...variant,
      states: variant.states.map((state) => ({ ...state, codec: codecOf(state.codec) })),
    }),
  );
  return changed ? { ...plan, variants } : plan;
}
