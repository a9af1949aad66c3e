import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isQuantized } from "../lower/codecs.js";
import { ENTRIES } from "../lower/passes.js";
import type { CodecPlan, PassPlan, Plan, VariantPlan } from "../lower/plan.js";
import type { KernelShape } from "../rule/types.js";

/** Grows when the same plan begins to store its states differently. */
export const layoutVersion = 1;

/**
 * SHA-256 of what decides a run's numbers: the plan without its name, title, reference, defaults and dtypes. Neither does
 * `math` count, as the target does not: both say how closely a step is computed, and not what is kept.
 */
export function specHash(plan: Plan): string {
  const {
    name: _,
    className: __,
    title: ___,
    reference: ____,
    update: _____,
    dtypes: ______,
    hypers,
    ...rest
  } = plan;
  const decisive = {
    ...rest,
    math: "exact",
    hypers: hypers.map(({ name, default: value }) => [name, value === null]),
  };
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
    dtypes: plan.dtypes,
    correctionBits: plan.parameter.master === null ? 0 : plan.parameter.master - 16,
    variants: plan.variants.map(variantData),
  };
}

function variantData({ name, minSize, minRank, states, passes, scratch, tile }: VariantPlan) {
  const nextStates = states.filter(({ shape }) => shape !== "element").map(({ name: state }) => state);
  return {
    name,
    minSize,
    minRank,
    states: states.map(({ name: state, shape, codec }) => ({
      name: state,
      storage: storageOf(shape, codec),
    })),
    scratch,
    passes: passes.map((pass) => passData(pass, tile, nextStates)),
  };
}

function passData(pass: PassPlan, tile: number, nextStates: readonly string[]) {
  const { kernel, kind } = pass;
  if (kind === "sweep") {
    const over = { shape: "matrix", per: 1, cut: pass.cut } as const;
    return { kernel, clears: [], publishes: [], over, tile: 1 };
  }
  if (kind === "fold") return { kernel, clears: [], publishes: [], over: pass.to, tile: ENTRIES };
  const over = { shape: "element", per: 1 };
  const { globalStates } = pass;
  if (kind === "measure")
    return { kernel, clears: globalStates.map((state) => `${state}_next`), publishes: [], over, tile };
  const scales = globalStates.map((state) => ({ from: `${state}_next`, to: `${state}_scale` }));
  const states = nextStates.map((state) => ({ from: `${state}_next`, to: state }));
  return { kernel, clears: [], publishes: [...scales, ...states], over, tile };
}

function storageOf(shape: KernelShape, codec: CodecPlan) {
  if (!isQuantized(codec)) return { kind: codec.kind, shape };
  const run = typeof codec.normalize === "string" ? codec.normalize : codec.normalize.block;
  const alpha = codec.kind === "log" && { alpha: true };
  return { kind: "codes", bits: codec.bits, run, scale: codec.scale, ...alpha };
}
