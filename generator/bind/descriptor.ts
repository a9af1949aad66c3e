import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { CodecPlan, PassPlan, Plan, VariantPlan } from "../lower/plan.js";

/** Grows when the same plan begins to store its states differently. */
export const layoutVersion = 1;

/** SHA-256 of what decides a run's numbers: the plan without its name, title, reference and defaults. */
export function specHash(plan: Plan): string {
  const { name: _, className: __, title: ___, reference: ____, update: _____, hypers, ...rest } = plan;
  const decisive = { ...rest, hypers: hypers.map(({ name, default: value }) => [name, value === null]) };
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(decisive))));
}

/** The data of the descriptor that the runtime is handed, without its functions and modules. */
export function descriptorData(plan: Plan) {
  return {
    name: plan.name,
    specHash: specHash(plan),
    layoutVersion,
    hypers: plan.hypers.map(({ name, default: value }) => ({ name, default: value })),
    uniforms: plan.uniforms.map(({ name }) => name),
    streams: plan.streams,
    variants: plan.variants.map(variantData),
  };
}

function variantData({ name, minSize, states, passes, tile }: VariantPlan) {
  return {
    name,
    minSize,
    states: states.map(({ name: state, codec }) => ({ name: state, storage: storageOf(codec) })),
    passes: passes.map((pass) => passData(pass, tile)),
  };
}

function passData({ kind, kernel, globalStates }: PassPlan, tile: number) {
  const measures = kind === "measure";
  return { kernel, clears: measures ? globalStates : [], publishes: measures ? [] : globalStates, tile };
}

function storageOf(codec: CodecPlan) {
  if (codec.kind !== "table") return { kind: codec.kind };
  return {
    kind: "codes",
    bits: codec.bits,
    block: codec.normalize === "tensor" ? "tensor" : codec.normalize.block,
  };
}
