import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { ordinal } from "./arithmetic.js";
import { adamw, factoredAdamw, relativeAdafactor } from "./optimizers.js";
import { unpack } from "./packing.js";
import { torchAdamw } from "./peers.js";
import type { StateCodec } from "./state.js";
import { freshTensor, type OracleConfig, type OracleTensor, oracleStep } from "./step.js";
import { bnbLamb, bnbLars, lpmmFactor, torchAdafactor, torchAdafactorVector } from "./tensor-peers.js";

const inputs = readGoldens("trajectories.safetensors");
const goldens = readGoldens("whole-tensors.safetensors");
const STEPS = 10;
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  w: [64, 128],
  emb: [75, 64],
  vec: [6000],
  conv: [16, 8, 3, 3],
  bias: [100],
};
const MATRICES = ["w", "emb", "conv"];
const VECTORS = ["vec", "bias"];

const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const ADAFACTOR = { lr: 1e-2, decay: 0.8, eps1: 2 ** -23, eps2: 1e-3, d: 1 };
/** 0.02 is the library's default. */
const LARS = { lr: 1e-2, momentum: 0.9, weight_decay: 1e-4, max_unorm: 0.02 };

const raw: StateCodec = { bits: 32 };
const four = { bits: 4, rounding: "nearest", minSize: 4097 } as const;
const first: StateCodec = { ...four, signed: true, mapping: "dynamic", normalize: { block: 128 } };
const linear = { linear: { zero: false } } as const;
const rank1: StateCodec = { ...four, signed: false, mapping: linear, normalize: "rank1" };

const compared = new Set<string>();
function golden(name: string): Float32Array {
  compared.add(name);
  return goldens.f32(name);
}

/** Euclidean, to b or to 0. */
function distance(a: Float32Array, b?: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b?.[i] ?? 0)) ** 2, 0));
}

/** The tensor after each step; index 0 is the start. */
function trajectory<Hypers>(config: OracleConfig<Hypers>, name: string): OracleTensor[] {
  const steps = [freshTensor(config, name, inputs.f32(`p0/${name}`), SHAPES[name])];
  for (let t = 1; t <= STEPS; t++) {
    steps.push(oracleStep(config, steps[t - 1] as OracleTensor, inputs.f32(`g${t}/${name}`), t, 0n));
  }
  return steps;
}

type Given<Hypers> = Omit<OracleConfig<Hypers>, "nonfinite">;

/**
 * After one step within 1e-6 of the library; after ten its deviation from the trajectory with float32 states is the
 * library's within 5 %, or within 1e-6 of the library where all states are float32.
 */
function follow<Hypers>(library: string, name: string, given: Given<Hypers>): OracleTensor {
  const config: OracleConfig<Hypers> = { ...given, nonfinite: "hold" };
  const [p1, p10] = [golden(`${library}/p1/${name}`), golden(`${library}/p${STEPS}/${name}`)];
  const ours = trajectory(config, name);
  const [after, last] = [ours[1] as OracleTensor, ours[STEPS] as OracleTensor];
  expect(distance(after.p, p1) / distance(p1)).toBeLessThan(1e-6);
  if (after.states.every(({ kind }) => kind === "float32")) {
    expect(distance(last.p, p10) / distance(p10)).toBeLessThan(1e-6);
    return after;
  }
  const exact = trajectory({ ...config, codecs: config.codecs.map(() => raw) }, name)[STEPS]?.p;
  const deviation = distance(p10, exact);
  expect(deviation / distance(p10)).toBeGreaterThan(1e-4);
  expect(Math.abs(distance(last.p, exact) / deviation - 1)).toBeLessThan(0.05);
  expect(distance(last.p, p10) / deviation).toBeLessThan(0.05);
  return after;
}

/** A float32 state after one step, relative to the library's. */
function checkState({ name, states }: OracleTensor, k: number, library: string, state: string): void {
  const wanted = golden(`${library}/s1/${name}/${state}`);
  const found = states[k]?.values as Float32Array;
  expect(found).toHaveLength(wanted.length);
  expect(distance(found, wanted) / distance(wanted)).toBeLessThan(1e-6);
}

/** Codes equal to the library's 4-bit ones, scales to one ulp. */
function checkCodes(
  tensor: OracleTensor,
  k: number,
  library: string,
  codes: string,
  scales: readonly string[],
): void {
  const state = tensor.states[k];
  if (state?.kind !== "codes") throw new Error(`state ${k} has no codes`);
  const path = `${library}/s1/${tensor.name}`;
  compared.add(`${path}/${codes}`);
  const bytes = goldens.u8(`${path}/${codes}`);
  const n = tensor.p.length;
  const words = new Uint32Array(bytes.buffer.slice(0, bytes.length & ~3));
  expect(unpack(state.words, 4, n)).toEqual(unpack(words, 4, n));
  const wanted = scales.flatMap((scale) => [...golden(`${path}/${scale}`)]);
  expect(state.scales).toHaveLength(wanted.length);
  const ulps = wanted.map((scale, i) => Math.abs(ordinal(scale) - ordinal(state.scales[i] as number)));
  expect(Math.max(...ulps)).toBeLessThanOrEqual(1);
}

describe("Adafactor of PyTorch", () => {
  const [name, codecs] = ["torch_adafactor", [raw, raw]];
  const matrix = { hyper: ADAFACTOR, codecs };

  test.each(MATRICES)("%s", (tensor) => {
    const after = follow(name, tensor, { ...matrix, rule: torchAdafactor });
    checkState(after, 0, name, "row_var");
    checkState(after, 1, name, "col_var");
  });
  test.each(VECTORS)("%s", (tensor) => {
    const after = follow(name, tensor, { hyper: ADAFACTOR, codecs: [raw], rule: torchAdafactorVector });
    checkState(after, 0, name, "variance");
  });
  test.each([...MATRICES, ...VECTORS])("%s in the paper's order, with the paper's eps1", (tensor) => {
    const hyper = { ...ADAFACTOR, eps1: 1e-30 };
    follow(name, tensor, { ...matrix, hyper, rule: relativeAdafactor });
  });
});

describe("LAMB and LARS of bitsandbytes", () => {
  test.each(Object.keys(SHAPES))("LAMB, %s", (tensor) => {
    const after = follow("bnb_lamb32", tensor, { rule: bnbLamb, hyper: ADAM, codecs: [raw, raw] });
    checkState(after, 0, "bnb_lamb32", "state1");
    checkState(after, 1, "bnb_lamb32", "state2");
  });
  test.each(Object.keys(SHAPES))("LARS, %s", (tensor) => {
    const after = follow("bnb_lars32", tensor, { rule: bnbLars, hyper: LARS, codecs: [raw] });
    checkState(after, 0, "bnb_lars32", "state1");
  });

  test.each(Object.keys(SHAPES))("the squared lengths that the step is held against: %s", (tensor) => {
    // One step from zero: u is g/|g| of LAMB, up to eps, and g of LARS.
    const g = inputs.f32(`g1/${tensor}`);
    const squared = (values: Float32Array) => values.reduce((sum, x) => sum + x * x, 0);
    const [ofLamb, ofLars] = ["lamb", "lars"].map(
      (name) => golden(`bnb_${name}32/s1/${tensor}/unorm_vec`)[0] as number,
    ) as [number, number];
    expect(Math.abs(ofLamb / squared(g.map((x) => x / (Math.abs(x) + 1e-8))) - 1)).toBeLessThan(1e-4);
    expect(Math.abs(ofLars / squared(g) - 1)).toBeLessThan(1e-6);
  });
});

describe("lpmm with a factored second moment, 4-bit first moment", () => {
  const name = "lpmm_factor4";
  const maximum = ["exp_avg_qstate/overhead/max1"];

  test.each(MATRICES)("%s", (tensor) => {
    const given = { hyper: ADAM, codecs: [first, raw, raw] };
    const after = follow(name, tensor, { ...given, rule: lpmmFactor });
    if (tensor === "conv") checkState(after, 0, name, "exp_avg");
    else checkCodes(after, 0, name, "exp_avg", maximum);
    checkState(after, 1, name, "exp_avg_sq_row");
    checkState(after, 2, name, "exp_avg_sq_col");
    follow(name, tensor, { ...given, hyper: { ...ADAM, eps1: 1e-30 }, rule: factoredAdamw });
  });

  test.each(VECTORS)("%s, whose second moment the library keeps whole, in 4 bits", (tensor) => {
    const after = follow(name, tensor, { hyper: ADAM, codecs: [first, rank1], rule: torchAdamw });
    if (tensor === "bias") {
      checkState(after, 0, name, "exp_avg");
      checkState(after, 1, name, "exp_avg_sq");
    } else {
      checkCodes(after, 0, name, "exp_avg", maximum);
      checkCodes(after, 1, name, "exp_avg_sq", ["exp_avg_sq_qstate/overhead/max1"]);
    }
  });
});

describe("lpmm with a rank-1 second moment", () => {
  const name = "lpmm_adamw4_rank1";
  const codecs = [first, rank1];

  test.each(Object.keys(SHAPES))("%s", (tensor) => {
    const after = follow(name, tensor, { hyper: ADAM, codecs, rule: torchAdamw });
    follow(name, tensor, { hyper: ADAM, codecs, rule: adamw });
    if (after.states[0]?.kind === "float32") {
      checkState(after, 0, name, "exp_avg");
      checkState(after, 1, name, "exp_avg_sq");
    } else {
      const overhead = "exp_avg_sq_qstate/overhead";
      const scales =
        tensor === "vec"
          ? [`${overhead}/max1`]
          : [0, 1].map((dimension) => `${overhead}/max_dims/${dimension}`);
      checkCodes(after, 0, name, "exp_avg", ["exp_avg_qstate/overhead/max1"]);
      checkCodes(after, 1, name, "exp_avg_sq", scales);
    }
  });
});

test("every golden of the file was compared", () => {
  expect([...compared].sort()).toEqual([...goldens.names].sort());
});
