import { describe, expect, test } from "vitest";
import { readGoldens } from "../goldens/read.js";
import { ordinal } from "./arithmetic.js";
import { adagrad, adam, adamw, lion, rmsprop, sgdm } from "./optimizers.js";
import { unpack } from "./packing.js";
import { aoAdamw, bnbAdam, bnbLion, torchAdamw } from "./peers.js";
import type { Rule } from "./rule.js";
import type { StateCodec } from "./state.js";
import { freshTensor, type OracleConfig, type OracleTensor, oracleStep } from "./step.js";

const goldens = readGoldens("trajectories.safetensors");
const TENSORS = ["w", "emb", "vec", "conv", "bias"];
const STEPS = 10;

const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const SGD = { lr: 1e-2, momentum: 0.9, weight_decay: 1e-4 };
const LION = { lr: 1e-4, beta1: 0.9, beta2: 0.99, weight_decay: 1e-2 };
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
  stored?: { codes: string; scales: string; ulp: number }[];
}

const raw: StateCodec = { bits: 32 };
const dynamic8 = { bits: 8, signed: true, mapping: "dynamic", rounding: "nearest" } as const;
const bnbFirst: StateCodec = { ...dynamic8, normalize: { block: 256 }, minSize: 1 };
const bnbSecond: StateCodec = { ...bnbFirst, signed: false };
const lpmmFirst: StateCodec = { ...dynamic8, bits: 4, normalize: { block: 128 }, minSize: 4097 };
const lpmmSecond: StateCodec = { ...lpmmFirst, signed: false, mapping: { linear: { zero: false } } };
/** torchao keeps a tensor as float32 unless it has 4,096 elements and whole blocks. */
const ao8 = (n: number) => (n >= 4096 && n % 256 === 0 ? [bnbFirst, bnbSecond] : [raw, raw]);

const bnbStored = [1, 2].map((k) => ({ codes: `state${k}`, scales: `absmax${k}`, ulp: 0 }));
const moments = ["exp_avg", "exp_avg_sq"];
const aoStored = moments.map((m) => ({ codes: `${m}/codes`, scales: `${m}/scale`, ulp: 0 }));
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
  const cases = orders.flatMap((order) => TENSORS.map((tensor) => ({ order, tensor })));

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
      expect(distance(last.p, p10) / distance(p10)).toBeLessThan(1e-6);
      return;
    }
    const float32 = family.float32
      ? goldens.f32(`${family.float32}/p${STEPS}/${tensor}`)
      : trajectory({ ...config, codecs: config.codecs.map(() => raw) }, tensor).at(-1)?.p;
    const deviation = distance(p10, float32);
    expect(Math.abs(distance(last.p, float32) / deviation - 1)).toBeLessThan(0.05);
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
    const bytes = goldens.u8(`${name}/s1/${tensor.name}/${names.codes}`);
    // Four bits are packed as they are here, with a byte to spare at the end.
    const words = new Uint32Array(bytes.buffer.slice(0, bytes.length & ~3));
    const codes = bits === 4 ? unpack(words, 4, n) : Uint16Array.from(bytes);
    expect(unpack(state.words, bits, n)).toEqual(codes);

    const scales = goldens.f32(`${name}/s1/${tensor.name}/${names.scales}`);
    expect(state.scales).toHaveLength(scales.length);
    const ulps = scales.map((scale, run) => Math.abs(ordinal(scale) - ordinal(state.scales[run] as number)));
    expect(Math.max(...ulps)).toBeLessThanOrEqual(names.ulp);
  }
}

describe("float32 states", () => {
  const [one, two] = [{ codecs: () => [raw] }, { codecs: () => [raw, raw] }];
  const rms = { lr: 1e-3, alpha: 0.99, eps: 1e-8, weight_decay: 0 };
  const ada = { lr: 1e-2, lr_decay: 0, eps: 1e-10, weight_decay: 0 };
  check({ name: "torch_adamw", hyper: ADAM, rules: { peer: torchAdamw, paper: adamw }, ...two });
  check({ name: "torch_sgdm", hyper: SGD, rules: { peer: sgdm, paper: sgdm }, ...one });
  check({ name: "torch_rmsprop", hyper: rms, rules: { peer: rmsprop, paper: rmsprop }, ...one });
  check({ name: "torch_adagrad", hyper: ada, rules: { peer: adagrad, paper: adagrad }, ...one });
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
  check({ name: "ao_adamw8", hyper: ADAM, rules: { peer: aoAdamw, paper: adamw }, ...ao });
});

test.each(TENSORS)("bitsandbytes' 8-bit Lion, bit for bit after ten steps: %s", (tensor) => {
  const config = { rule: bnbLion, hyper: LION, codecs: [bnbFirst], nonfinite: "hold" } as const;
  expect(trajectory(config, tensor)[STEPS]?.p).toEqual(goldens.f32(`bnb_lion8/p${STEPS}/${tensor}`));
});
