import { isQuantized, scaleBits, scaleWidth } from "./codecs.js";
import { schedule } from "./passes.js";
import type {
  CodecPlan,
  QuantizedCodec,
  RuleStatement,
  StatePlan,
  VariantPlan,
  VariantState,
} from "./plan.js";
import { leastCommonMultiple, tilingOf, wordElements } from "./tile.js";

/** float32 elements of one 16-byte access. */
const MIN_GRANULE = 4;
/** What a tensor of less than two dimensions takes for rank1, whose only scale would be the elements themselves. */
export const RANK1_BLOCK = { block: 128 };

const float32: CodecPlan = { kind: "f32", bits: 32, rounding: "nearest" };

/**
 * One variant for each set of states that a tensor of some size quantizes, the largest tensors first; and where a state
 * has rank-1 scales, another for tensors of one dimension.
 */
export function variantsOf(states: readonly StatePlan[], rule: readonly RuleStatement[]): VariantPlan[] {
  const sizes = [...new Set([0, ...states.map(({ minSize }) => minSize)])].sort((a, b) => b - a);
  return sizes.flatMap((minSize, index) => {
    const kept = states.map(({ name, shape, codec, minSize: least }) => ({
      name,
      shape,
      codec: least <= minSize ? codec : float32,
    }));
    const name = nameOf(states, minSize);
    const suffix = index === 0 ? "" : `_${name}`;
    if (!kept.some(({ codec }) => isRank1(codec))) return [variantOf(name, suffix, minSize, 0, kept, rule)];
    const flat = kept.map((state) => ({ ...state, codec: withBlocks(state.codec) }));
    return [
      variantOf(name, suffix, minSize, 2, kept, rule),
      variantOf(`${name}_flat`, `${suffix}_flat`, minSize, 0, flat, rule),
    ];
  });
}

function isRank1(codec: CodecPlan): boolean {
  return codec.kind === "table" && codec.normalize === "rank1";
}

function withBlocks(codec: CodecPlan): CodecPlan {
  return codec.kind === "table" && codec.normalize === "rank1" ? { ...codec, normalize: RANK1_BLOCK } : codec;
}

function nameOf(states: readonly StatePlan[], minSize: number): string {
  const small = states.filter((state) => state.minSize > minSize);
  const packed = states.filter(({ codec }) => codec.kind !== "f32");
  if (small.length === 0 && packed.length > 0) return "quantized";
  return small.length === packed.length ? "float32" : `${small.map(({ name }) => name).join("_")}_float32`;
}

function variantOf(
  name: string,
  suffix: string,
  minSize: number,
  minRank: number,
  states: readonly VariantState[],
  rule: readonly RuleStatement[],
): VariantPlan {
  const elements = states.filter(({ shape }) => shape === "element");
  const granule = granuleOf(elements.map(({ codec }) => codec.bits));
  const blocks = elements.flatMap(({ name, codec }) =>
    isQuantized(codec)
      ? [{ name, unit: ownedElements(codec), block: blockOf(codec), ordered: codec.kind === "log" }]
      : [],
  );
  const { tile, tileStates, globalStates } = tilingOf(granule, blocks);

  return {
    name,
    minSize,
    minRank,
    states,
    granule,
    tile,
    ...schedule(rule, states, suffix, tileStates, globalStates),
    stateBits: elements.reduce((bits, { codec }) => bits + codec.bits + scaleBits(codec), 0),
  };
}

function blockOf({ normalize }: QuantizedCodec): number {
  return typeof normalize === "string" ? Number.POSITIVE_INFINITY : normalize.block;
}

/** Elements that one workgroup must own to write what it measures: a run, or the runs of a word of scales. */
function ownedElements(codec: QuantizedCodec): number {
  return (32 / scaleWidth[codec.scale]) * blockOf(codec);
}

/** The shortest run of whole words in every state. */
export function granuleOf(bits: readonly number[]): number {
  return bits.map(wordElements).reduce(leastCommonMultiple, MIN_GRANULE);
}
