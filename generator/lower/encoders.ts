import { encoderWithin } from "./encoder.js";
import type { CodecPlan, Plan, VariantPlan } from "./plan.js";
import { searchedOf } from "./tables.js";

/** The same plan with encoders whose tables have at most so many entries, where there are such. */
export function withEncodersWithin(entries: number | undefined, plan: Plan): Plan {
  if (entries === undefined) return plan;
  let changed = false;
  const codecOf = (codec: CodecPlan): CodecPlan => {
    if (codec.kind !== "table") return codec;
    const encoder = encoderWithin(
      entries,
      codec.encoder,
      searchedOf(codec.rounding, codec.levels, codec.thresholds),
    );
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
