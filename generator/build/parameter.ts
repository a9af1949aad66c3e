import type { KernelState, KernelVariables, StateVariables } from "../ir/types.js";
import type { DtypePlan, PassPlan, Plan } from "../lower/plan.js";
import { correctionName } from "../names.js";
import { buildHalfDecode, buildHalfEncode } from "./half.js";
import { buildCorrectionEncode, buildMasterDecode, buildMasterEncode } from "./master.js";
import type { Names } from "./names.js";
import { buildPacking } from "./packing.js";
import { buildStream } from "./random.js";
import { stateVariables } from "./variables.js";

/** What is stored as it is: float32. */
export const plainStorage = {
  decode: null,
  encode: null,
  segments: null,
  statistic: null,
  stream: null,
  locate: null,
  unpack: null,
  pack: null,
  straddles: false,
} as const;

/** The parameter and the gradient as a kernel finds them in memory, and what a parameter in two parts keeps beside. */
export interface Operands {
  readonly parameter: KernelState;
  readonly gradient: KernelState;
  readonly correction: KernelState | null;
}

export function buildOperands(
  plan: Plan,
  { param, grad }: DtypePlan,
  kernel: KernelVariables,
  granule: number,
  pass: PassPlan,
  names: Names,
): Operands {
  const p = stateVariables("p", names);
  const g = stateVariables("g", names);
  const stored = (name: string, variables: StateVariables, bits: number) => ({
    name,
    variables,
    bits,
    words: (granule * bits) / 32,
    ...plainStorage,
    ...(bits === 32 ? {} : buildPacking(variables, kernel, bits, names)),
  });
  const gradient = {
    ...stored("g", g, grad === "f32" ? 32 : 16),
    decode: grad === "f32" ? null : buildHalfDecode(grad, g, names),
  };
  if (param === "f32") return { parameter: stored("p", p, 32), gradient, correction: null };

  const writes = pass.kind === "step";
  const { rounding, master: total } = plan.parameter;
  const stream = rounding === "stochastic" && writes ? buildStream(p, kernel, names) : null;
  const common = { ...stored("p", p, 16), stream };
  if (total === null) {
    const decode = buildHalfDecode(param, p, names);
    const encode = writes ? buildHalfEncode(param, p, kernel, rounding, names) : null;
    return { parameter: { ...common, decode, encode }, gradient, correction: null };
  }

  const master = { bits: total - 16, rounding };
  const rest = stateVariables(correctionName, names);
  return {
    parameter: {
      ...common,
      decode: buildMasterDecode(p, rest, master, names),
      encode: writes ? buildMasterEncode(p, rest, kernel, master, names) : null,
    },
    gradient,
    correction: {
      ...stored(correctionName, rest, master.bits),
      // p is decoded from its code, and its value comes from encoding p.
      decode: { inputs: [], body: [], outputs: [] },
      encode: writes ? buildCorrectionEncode(rest, names) : null,
    },
  };
}
