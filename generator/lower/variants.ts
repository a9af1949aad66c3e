import type { CodecPlan, PassPlan, StatePlan, VariantPlan } from "./plan.js";

/** The longest run whose statistics one workgroup can measure by itself, in elements. */
const MAX_TILE = 8192;
/** Short runs are put together until a workgroup has this much to do. */
const MIN_TILE = 1024;
/** float32 elements of one 16-byte access. */
const MIN_GRANULE = 4;

const float32: CodecPlan = { kind: "f32", bits: 32, rounding: "nearest" };

/** One variant for each set of states that a tensor of some size quantizes, the largest tensors first. */
export function variantsOf(states: readonly StatePlan[]): VariantPlan[] {
  const sizes = [...new Set([0, ...states.map(({ minSize }) => minSize)])].sort((a, b) => b - a);
  return sizes.map((minSize, index) => {
    const kept = states.map(({ name, codec, minSize: least }) => ({
      name,
      codec: least <= minSize ? codec : float32,
    }));
    const name = nameOf(states, minSize);
    return variantOf(name, index === 0 ? "" : `_${name}`, minSize, kept);
  });
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
  states: VariantPlan["states"],
): VariantPlan {
  const granule = states.reduce(
    (run, { codec }) => leastCommonMultiple(run, wordElements(codec)),
    MIN_GRANULE,
  );
  let run = granule;
  const tileStates: string[] = [];
  const globalStates: string[] = [];
  const blocks = states.flatMap(({ name, codec }) =>
    codec.kind === "table" ? [{ name, normalize: codec.normalize }] : [],
  );
  for (const { name, normalize } of blocks.sort((a, b) => size(a.normalize) - size(b.normalize))) {
    const longer =
      normalize === "tensor" ? Number.POSITIVE_INFINITY : leastCommonMultiple(run, normalize.block);
    if (longer > MAX_TILE) globalStates.push(name);
    else {
      tileStates.push(name);
      run = longer;
    }
  }

  return {
    name,
    minSize,
    states,
    granule,
    tile: run * Math.max(1, Math.ceil(MIN_TILE / run)),
    passes: passesOf(suffix, states, tileStates, globalStates),
    stateBits: states.reduce((bits, { codec }) => bits + codec.bits + scaleBits(codec), 0),
  };
}

function passesOf(
  suffix: string,
  states: VariantPlan["states"],
  tileStates: readonly string[],
  globalStates: readonly string[],
): PassPlan[] {
  const stateBytes = states.reduce((bytes, { codec }) => bytes + (codec.bits + scaleBits(codec)) / 8, 0);
  const shared = { tileStates, globalStates };
  const step: PassPlan = {
    kind: "step",
    kernel: `step${suffix}`,
    ...shared,
    bytesRead: 8 + stateBytes,
    bytesWritten: 4 + stateBytes,
  };
  if (globalStates.length === 0) return [step];
  return [
    { kind: "measure", kernel: `measure${suffix}`, ...shared, bytesRead: 8 + stateBytes, bytesWritten: 0 },
    step,
  ];
}

function size(normalize: { readonly block: number } | "tensor"): number {
  return normalize === "tensor" ? Number.POSITIVE_INFINITY : normalize.block;
}

/** Elements in the shortest run of whole words. */
function wordElements({ bits }: CodecPlan): number {
  return 32 / greatestCommonDivisor(32, bits);
}

function scaleBits(codec: CodecPlan): number {
  return codec.kind === "table" && codec.normalize !== "tensor" ? 32 / codec.normalize.block : 0;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
