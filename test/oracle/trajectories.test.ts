import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { ordinal } from "./arithmetic.js";
import { nearestF16 } from "./float16.js";
import { adagrad, adam, adamw, ademamix, lion, rmsprop, sgdm } from "./optimizers.js";
import { unpack } from "./packing.js";
import { aoAdamw, bnbAdam, bnbAdemamix, bnbLion, torchAdamw } from "./peers.js";
import type { Rule } from "./rule.js";
import type { StateCodec } from "./state.js";
import { freshTensor, type OracleConfig, type OracleTensor, oracleStep } from "./step.js";

const goldens = readGoldens("trajectories.safetensors");
const TENSORS = ["w", "emb", "vec", "conv", "bias"];
const STEPS = 10;

const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const SGD = { lr: 1e-2, momentum: 0.9, weight_decay: 1e-4 };
const LION = { lr: 1e-4, beta1: 0.9, beta2: 0.99, weight_decay: 1e-2 };
const MIX = { ...ADAM, beta3: 0.9999, alpha: 5, t_alpha: 1, t_beta3: 1 };
const RMS = { lr: 1e-3, alpha: 0.99, eps: 1e-8, weight_decay: 0 };
const ADA = { lr: 1e-2, lr_decay: 0, eps: 1e-10, weight_decay: 0 };
const noDecay = <Hypers>(hyper: Hypers): Hypers => ({ ...hyper, weight_decay: 0 });

/** A trajectory of a library, and how to repeat it. */
interface Family<Hypers> {
  name: string;
  hyper: Hypers;
  /** In the library's order of operations, and in the papers'. */
  rules: { peer: Rule<Hypers>; paper: Rule<Hypers> };
  codecs: (n: number) => StateCodec[];
  /** The library's trajectory with float32 states and the same hypers; else the oracle's own is taken. */
  float32?: string;
  /** How the library names the codes and scales of its states, and by how many ulp a scale may differ. */
  stored?: Stored[];
  /** Those that the library keeps as it means to. */
  tensors?: string[];
  /** Relative distance of the parameters after ten steps with float32 states; 1e-6 unless given. */
  apart?: number;
}

interface Stored {
  codes: string;
  scales: string;
  ulp: number;
  /** Of arrays that hold two states, one after the other. */
  half?: 0 | 1;
  /** Where two codes share a byte. */
  first?: "low" | "high";
  /** FlashOptim: codes count from here, scales are float16 and another one encodes, so that codes may be one apart. */
  from?: number;
}

const raw: StateCodec = { bits: 32 };
const dynamic8 = { bits: 8, signed: true, mapping: "dynamic", rounding: "nearest" } as const;
const bnbFirst: StateCodec = { ...dynamic8, normalize: { block: 256 }, minSize: 1 };
const bnbSecond: StateCodec = { ...bnbFirst, signed: false };
const lpmmFirst: StateCodec = { ...dynamic8, bits: 4, normalize: { block: 128 }, minSize: 4097 };
const lpmmSecond: StateCodec = { ...lpmmFirst, signed: false, mapping: { linear: { zero: false } } };
const flashFirst: StateCodec = {
  bits: 8,
  signed: true,
  mapping: { compand: "softsign", grid: "linear" },
  normalize: { block: 32 },
  rounding: "nearest",
  scale: "f16",
  minSize: 0,
};
const flashSecond: StateCodec = {
  ...flashFirst,
  signed: false,
  mapping: { compand: "sqrt", grid: "linear" },
};
const ao4 = (n: number): StateCodec[] =>
  n === 8192
    ? [
        { ...lpmmFirst, minSize: 0 },
        { ...lpmmSecond, minSize: 0 },
      ]
    : [raw, raw];
/** torchao keeps a tensor as float32 unless it has 4,096 elements and whole blocks. */
const ao8 = (n: number) => (n >= 4096 && n % 256 === 0 ? [bnbFirst, bnbSecond] : [raw, raw]);

const bnbStored = [1, 2].map((k) => ({ codes: `state${k}`, scales: `absmax${k}`, ulp: 0 }));
const moments = ["exp_avg", "exp_avg_sq"];
const aoStored = moments.map((m) => ({ codes: `${m}/codes`, scales: `${m}/scale`, ulp: 0 }));
const ao4Stored: Stored[] = aoStored.map((names) => ({ ...names, first: "high" }));
const mixStored: Stored[] = [
  { codes: "state1", scales: "absmax1", ulp: 0, half: 0 },
  { codes: "state1", scales: "absmax1", ulp: 0, half: 1 },
  { codes: "state2", scales: "absmax2", ulp: 0 },
];
const flashStored = (moment: string, from: number): Stored => ({
  codes: `${moment}/codes`,
  scales: `${moment}/scale`,
  ulp: 1,
  from,
});
const lpmmStored = moments.map((m) => ({ codes: m, scales: `${m}_qstate/overhead/max1`, ulp: 1 }));

/** Euclidean, to b or to 0. "Relative" is meant so: single elements near 0 say nothing. */
function distance(a: Float32Array, b?: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - (b?.[i] ?? 0)) ** 2, 0));
}

/** The tensor after each step; index 0 is the start. */
function trajectory<Hypers>(config: OracleConfig<Hypers>, name: string): OracleTensor[] {
  const steps = [freshTensor(config, name, goldens.f32(`p0/${name}`))];
  for (let t = 1; t <= STEPS; t++) {
    steps.push(oracleStep(config, steps[t - 1] as OracleTensor, goldens.f32(`g${t}/${name}`), t, 0n));
  }
  return steps;
}

function check<Hypers>(family: Family<Hypers>): void {
  const { name, hyper, rules, codecs } = family;
  const orders = rules.peer === rules.paper ? (["paper"] as const) : (["peer", "paper"] as const);
  const cases = orders.flatMap((order) => (family.tensors ?? TENSORS).map((tensor) => ({ order, tensor })));

  test.each(cases)(`${name}, $tensor, $order order`, ({ order, tensor }) => {
    const [p1, p10] = [1, STEPS].map((t) => goldens.f32(`${name}/p${t}/${tensor}`)) as [
      Float32Array,
      Float32Array,
    ];
    const config = { rule: rules[order], hyper, codecs: codecs(p1.length), nonfinite: "hold" } as const;
    const ours = trajectory(config, tensor);
    const [first, last] = [ours[1] as OracleTensor, ours[STEPS] as OracleTensor];

    expect(distance(first.p, p1) / distance(p1)).toBeLessThan(1e-6);
    if (first.states.every(({ kind }) => kind === "float32")) {
      expect(distance(last.p, p10) / distance(p10)).toBeLessThan(family.apart ?? 1e-6);
      return;
    }
    const float32 = family.float32
      ? goldens.f32(`${family.float32}/p${STEPS}/${tensor}`)
      : trajectory({ ...config, codecs: config.codecs.map(() => raw) }, tensor).at(-1)?.p;
    const deviation = distance(p10, float32);
    expect(Math.abs(distance(last.p, float32) / deviation - 1)).toBeLessThan(0.05);
    if (family.stored?.every(({ from }) => from === undefined))
      expect(distance(last.p, p10) / deviation).toBeLessThan(0.05);
    if (order === orders[0]) checkStored(family, first);
  });
}

/** After one step the codes are the library's, and the scales too, to the ulp stated. */
function checkStored<Hypers>({ name, codecs, stored }: Family<Hypers>, tensor: OracleTensor): void {
  const n = tensor.p.length;
  for (const [k, state] of tensor.states.entries()) {
    const [names, bits] = [stored?.[k], codecs(n)[k]?.bits];
    if (state.kind !== "codes" || !names || !bits) throw new Error(`state ${k} of ${name} has no codes`);
    const codes = publishedCodes(
      halfOf(goldens.u8(`${name}/s1/${tensor.name}/${names.codes}`), names),
      bits,
      n,
      names,
    );
    const found = unpack(state.words, bits, n);
    const scales = halfOf(goldens.f32(`${name}/s1/${tensor.name}/${names.scales}`), names);
    if (names.from === undefined) {
      expect(found).toEqual(codes);
      expect(state.scales).toHaveLength(scales.length);
      const ulps = scales.map((scale, run) =>
        Math.abs(ordinal(scale) - ordinal(state.scales[run] as number)),
      );
      expect(Math.max(...ulps)).toBeLessThanOrEqual(names.ulp);
      continue;
    }
    const others = found.map((code, i) => Math.abs(code - (codes[i] as number)));
    expect(Math.max(...others)).toBeLessThanOrEqual(1);
    expect(others.filter((steps) => steps > 0).length).toBeLessThan(Math.max(0.02 * n, 5));
    const halves = unpack(Uint32Array.from(state.scales), 16, scales.length);
    const ulps = scales.map((scale, run) => Math.abs(nearestF16(scale) - (halves[run] as number)));
    expect(Math.max(...ulps)).toBeLessThanOrEqual(names.ulp);
  }
}

function halfOf<T extends Float32Array | Uint8Array>(values: T, { half }: Stored): T {
  const middle = values.length / 2;
  if (half === undefined) return values;
  return (half === 0 ? values.subarray(0, middle) : values.subarray(middle)) as T;
}

/** lpmm packs four bits as they are packed here, with a byte to spare at the end; torchao the other way round. */
function publishedCodes(
  bytes: Uint8Array,
  bits: number,
  n: number,
  { first, from = 0 }: Stored,
): Uint16Array {
  if (bits === 8) return Uint16Array.from(from === 0 ? bytes : Int8Array.from(bytes), (code) => code - from);
  const [even, odd] = first === "high" ? [4, 0] : [0, 4];
  return Uint16Array.from(
    { length: n },
    (_, i) => ((bytes[i >> 1] as number) >> (i % 2 === 0 ? even : odd)) & 15,
  );
}

describe("float32 states", () => {
  const [one, two] = [{ codecs: () => [raw] }, { codecs: () => [raw, raw] }];
  check({ name: "torch_adamw", hyper: ADAM, rules: { peer: torchAdamw, paper: adamw }, ...two });
  check({ name: "torch_sgdm", hyper: SGD, rules: { peer: sgdm, paper: sgdm }, ...one });
  check({ name: "torch_rmsprop", hyper: RMS, rules: { peer: rmsprop, paper: rmsprop }, ...one });
  check({ name: "torch_adagrad", hyper: ADA, rules: { peer: adagrad, paper: adagrad }, ...one });
  // Its powers of beta are an approximate intrinsic's: the corrections of ten steps add up.
  check({ name: "bnb_adamw32", hyper: ADAM, rules: { peer: bnbAdam, paper: adamw }, ...two, apart: 4e-6 });
  check({ name: "bnb_lion32", hyper: LION, rules: { peer: bnbLion, paper: lion }, ...one });
});

describe("quantized states", () => {
  const bnb = { codecs: () => [bnbFirst, bnbSecond], stored: bnbStored };
  const bnbOne = { codecs: () => [bnbFirst], stored: bnbStored };
  const lpmm = { codecs: () => [lpmmFirst, lpmmSecond], stored: lpmmStored, float32: "torch_adamw" };
  const ao = { codecs: ao8, stored: aoStored, float32: "torch_adamw" };
  const lion32 = { ...bnbOne, float32: "bnb_lion32" };
  const adamw32 = { ...bnb, float32: "torch_adamw" };
  check({ name: "bnb_adamw8", hyper: ADAM, rules: { peer: bnbAdam, paper: adamw }, ...adamw32 });
  check({ name: "bnb_adam8", hyper: noDecay(ADAM), rules: { peer: bnbAdam, paper: adam }, ...bnb });
  // Recorded without weight decay: one step is p1 = p0 - 0.01*g, with no term in p0.
  check({ name: "bnb_sgdm8", hyper: noDecay(SGD), rules: { peer: sgdm, paper: sgdm }, ...bnbOne });
  check({ name: "bnb_lion8", hyper: LION, rules: { peer: bnbLion, paper: lion }, ...lion32 });
  check({ name: "lpmm_adamw4_b128", hyper: ADAM, rules: { peer: torchAdamw, paper: adamw }, ...lpmm });
  // Its kernel takes betas as float32 and computes 1 - beta from those.
  const fused = { ...ADAM, beta1: Math.fround(ADAM.beta1), beta2: Math.fround(ADAM.beta2) };
  check({ name: "lpmm_adamw4_fused", hyper: fused, rules: { peer: torchAdamw, paper: adamw }, ...lpmm });
  check({ name: "ao_adamw8", hyper: ADAM, rules: { peer: aoAdamw, paper: adamw }, ...ao });
  const fourBits = { codecs: ao4, stored: ao4Stored, float32: "torch_adamw" };
  check({ name: "ao_adamw4", hyper: ADAM, rules: { peer: aoAdamw, paper: adamw }, ...fourBits });
  // bitsandbytes keeps every state of a one-state optimizer with a sign.
  const rms = {
    ...bnbOne,
    stored: bnbStored.map((names) => ({ ...names, ulp: 1 })),
    float32: "torch_rmsprop",
  };
  const single = { ...RMS, alpha: Math.fround(RMS.alpha) };
  check({ name: "bnb_rmsprop8", hyper: single, rules: { peer: rmsprop, paper: rmsprop }, ...rms });
  const ada = { ...bnbOne, float32: "torch_adagrad" };
  check({ name: "bnb_adagrad8", hyper: ADA, rules: { peer: adagrad, paper: adagrad }, ...ada });
  // Of tensors whose last block is short it keeps two scales in one place; its float32 run holds NaN.
  const mix = { codecs: () => [bnbFirst, bnbFirst, bnbSecond], stored: mixStored, tensors: ["w"] };
  check({ name: "bnb_ademamix8", hyper: MIX, rules: { peer: bnbAdemamix, paper: ademamix }, ...mix });
  const sgdm4 = {
    codecs: () => [lpmmFirst],
    stored: [{ codes: "momentum_buffer", scales: "momentum_buffer_qstate/overhead/max1", ulp: 1 }],
    float32: "torch_sgdm",
  };
  check({ name: "lpmm_sgdm4", hyper: SGD, rules: { peer: sgdm, paper: sgdm }, ...sgdm4 });
  const flashTwo = {
    codecs: () => [flashFirst, flashSecond],
    stored: [flashStored("exp_avg", -127), flashStored("exp_avg_sq", 0)],
    float32: "torch_adamw",
  };
  check({ name: "flash_adamw8", hyper: ADAM, rules: { peer: torchAdamw, paper: adamw }, ...flashTwo });
  const flashOne = { codecs: () => [flashFirst] };
  // Recorded without weight decay, as bnb_sgdm8.
  const flashSgdm = { ...flashOne, stored: [flashStored("momentum_buffer", -127)] };
  check({ name: "flash_sgdm8", hyper: noDecay(SGD), rules: { peer: sgdm, paper: sgdm }, ...flashSgdm });
  const flashLion = { ...flashOne, stored: [flashStored("exp_avg", -127)], float32: "bnb_lion32" };
  check({ name: "flash_lion8", hyper: LION, rules: { peer: bnbLion, paper: lion }, ...flashLion });
});

test.each(TENSORS)("bitsandbytes' 8-bit Lion, bit for bit after ten steps: %s", (tensor) => {
  const config = { rule: bnbLion, hyper: LION, codecs: [bnbFirst], nonfinite: "hold" } as const;
  expect(trajectory(config, tensor)[STEPS]?.p).toEqual(goldens.f32(`bnb_lion8/p${STEPS}/${tensor}`));
});
