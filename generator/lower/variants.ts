import { schedule } from "./passes.js";
import type {
  CodecPlan,
  RuleStatement,
  ScaleFormat,
  StatePlan,
  TableCodec,
  VariantPlan,
  VariantState,
} from "./plan.js";

/** The longest run whose statistics one workgroup can measure by itself, in elements. */
export const MAX_TILE = 8192;
/** Runs of all states that a tile may hold: their maxima fill the 16 KiB of memory that every workgroup has. */
const MAX_RUNS = 4096;
/** Short runs are put together until a workgroup has this much to do. */
const MIN_TILE = 1024;
/** float32 elements of one 16-byte access. */
const MIN_GRANULE = 4;
/** What a tensor of less than two dimensions takes for rank1, whose only scale would be the elements themselves. */
export const RANK1_BLOCK = { block: 128 };

/** Bits of a scale. */
export const scaleWidth: Readonly<Record<ScaleFormat, number>> = { f32: 32, f16: 16, bf16: 16 };

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
  const granule = elements.reduce(
    (run, { codec }) => leastCommonMultiple(run, wordElements(codec)),
    MIN_GRANULE,
  );
  let run = granule;
  const tileStates: string[] = [];
  const globalStates: string[] = [];
  const units = elements.flatMap(({ name, codec }) =>
    codec.kind === "table" ? [{ name, unit: ownedElements(codec), block: blockOf(codec) }] : [],
  );
  const blocks: number[] = [];
  for (const { name, unit, block } of units.sort((a, b) => a.unit - b.unit)) {
    const longer = Number.isFinite(unit) ? leastCommonMultiple(run, unit) : unit;
    const runs = [...blocks, block].reduce((sum, each) => sum + tileOf(longer) / each, 0);
    if (longer > MAX_TILE || runs > MAX_RUNS) globalStates.push(name);
    else {
      tileStates.push(name);
      blocks.push(block);
      run = longer;
    }
  }

  return {
    name,
    minSize,
    minRank,
    states,
    granule,
    tile: tileOf(run),
    ...schedule(rule, states, suffix, tileStates, globalStates),
    stateBits: elements.reduce((bits, { codec }) => bits + codec.bits + scaleBits(codec), 0),
  };
}

function tileOf(run: number): number {
  return run * Math.max(1, Math.ceil(MIN_TILE / run));
}

function blockOf({ normalize }: TableCodec): number {
  return typeof normalize === "string" ? Number.POSITIVE_INFINITY : normalize.block;
}

/** Elements that one workgroup must own to write what it measures: a run, or the runs of a word of scales. */
function ownedElements(codec: TableCodec): number {
  return (32 / scaleWidth[codec.scale]) * blockOf(codec);
}

/** Elements in the shortest run of whole words. */
function wordElements({ bits }: CodecPlan): number {
  return 32 / greatestCommonDivisor(32, bits);
}

function scaleBits(codec: CodecPlan): number {
  if (codec.kind !== "table" || typeof codec.normalize === "string") return 0;
  return scaleWidth[codec.scale] / codec.normalize.block;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
