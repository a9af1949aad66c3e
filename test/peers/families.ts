import { readFileSync } from "node:fs";

export const TENSORS = ["w", "emb", "vec", "conv", "bias"];

/** A trajectory of a published library and the specs that repeat it. */
export interface Family {
  readonly name: string;
  /** The library's own order of operations, and the shipped spec with what the library was given. */
  readonly texts: readonly { readonly order: string; readonly text: string }[];
  /** The same run with float32 states in the goldens; null where the spec is run without its codecs instead. */
  readonly float32: string | null;
  readonly unquantized: (text: string) => string;
  readonly stored: readonly Stored[];
  /** Tensors that the library keeps as it means to. */
  readonly tensors: readonly string[];
  /** Codes may be one apart in so many of a hundred: it encodes with a scale that it does not store. */
  readonly apart: number;
  /** Relative distance of float32 parameters after ten steps. */
  readonly close: number;
  /** Why the shipped spec deviates less from float32 than the library does; null where it deviates as much. */
  readonly better: string | null;
}

/** Where a library keeps a state, and how. */
export interface Stored {
  readonly state: string;
  readonly codes: string;
  readonly scales: string;
  /** A byte a code, an int8 from -127, or two codes a byte, the earlier one in the low or the high half. */
  readonly packing: "bytes" | "int8" | "low-first" | "high-first";
  /** Of arrays that hold two states, one after the other. */
  readonly half?: 0 | 1;
}

const bnb = "{ bits: 8, signed: true, mapping: dynamic, normalize: { block: 256 }, min_size: 1 }";
const bnbSecond = bnb.replace("true", "false");
const lpmm = "{ bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 }, min_size: 4097 }";
const lpmmSecond = "{ bits: 4, signed: false, mapping: linear, normalize: { block: 128 }, min_size: 4097 }";
/** torchao keeps a tensor as float32 unless it has whole blocks: of these, all but the one of 8,192. */
const ao = bnb.replace("min_size: 1", "min_size: 8192");
/** bitsandbytes has one kernel for all optimizers of one state, which it keeps with a sign. */
const ao4 = lpmm.replace("min_size: 4097", "min_size: 8192");
const ao4Second = lpmmSecond.replace("min_size: 4097", "min_size: 8192");
const flash =
  "{ bits: 8, signed: true, mapping: { compand: softsign, grid: linear }, normalize: { block: 32 }, scale: f16, min_size: 0 }";
const flashSecond = flash.replace("true", "false").replace("softsign", "sqrt");
const float32 = "{ bits: 32 }";

const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const sgd = { lr: 1e-2, momentum: 0.9 };
const rms = { lr: 1e-3, alpha: 0.99, eps: 1e-8 };
const ada = { lr: 1e-2, eps: 1e-10 };
const mix = { ...adam, beta3: 0.9999, alpha: 5 };
const lion = { lr: 1e-4, beta1: 0.9, beta2: 0.99, weight_decay: 1e-2 };

/** PyTorch and lpmm: decay as a factor, the first moment as a lerp, the second one's correction under the root. */
const torchAdamw = `
  p = p*(1 - lr*weight_decay)
  m = m + (1 - beta1)*(g - m)
  v = beta2*v + (1 - beta2)*g*g
  p = p + (-lr/(1 - beta1^t)) * (m / (sqrt(v)/sqrt(1 - beta2^t) + eps))`;
/** torchao: both moments as a lerp. */
const aoAdamw = `
  p = p - lr*weight_decay*p
  m = m + (1 - beta1)*(g - m)
  v = v + (1 - beta2)*(g*g - v)
  p = p - lr*(m/(1 - beta1^t)) / (sqrt(v)/sqrt(1 - beta2^t) + eps)`;
/** bitsandbytes, Adam and AdamW alike: eps scaled instead of the root, decay last and of the new parameter. */
const bnbAdam = `
  m = m*beta1 + (1 - beta1)*g
  v = v*beta2 + (1 - beta2)*g*g
  p = p + (-lr*sqrt(1 - beta2^t)/(1 - beta1^t)) * (m / (sqrt(v) + sqrt(1 - beta2^t)*eps))
  p = p*(1 - lr*weight_decay)`;
const momentum = `
  m = momentum*m + g
  p = p - lr*m`;
const rmsprop = `
  v = alpha*v + (1 - alpha)*g*g
  p = p - lr*g / (sqrt(v) + eps)`;
const adagrad = `
  v = v + g*g
  p = p - lr*g / (sqrt(v) + eps)`;
/** bitsandbytes: decay last and of the new parameter. */
const bnbAdemamix = `
  m = m*beta1 + (1 - beta1)*g
  slow = slow*beta3 + (1 - beta3)*g
  v = v*beta2 + (1 - beta2)*g*g
  p = p - lr*((m/(1 - beta1^t) + alpha*slow) / (sqrt(v)/sqrt(1 - beta2^t) + eps))
  p = p*(1 - lr*weight_decay)`;
const bnbLion = `
  p = p*(1 - lr*weight_decay)
  p = p - lr*sign(m*beta1 + (1 - beta1)*g)
  m = m*beta2 + (1 - beta2)*g`;

/** bitsandbytes and lpmm's fused kernel take hypers as float32 and compute 1 - beta from those. */
function asFloat32(hyper: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(hyper).map(([name, value]) => [name, Math.fround(value)]));
}

/** The states are those that the update assigns, in its order. */
function spec(update: string, hyper: object, ...states: string[]): string {
  const names = [...update.matchAll(/^ {2}(\w+) =/gm)].map(([, name]) => name).filter((name) => name !== "p");
  const rows = names.map((name, index) => `  ${name}: ${states[index]}`);
  return [`name: peer`, `hyper: ${JSON.stringify(hyper)}`, "states:", ...rows, `update: |${update}`, ""].join(
    "\n",
  );
}

/** A spec of this repository, quantizing tensors of at least so many elements. */
function shipped(name: string, minSize: number, hyper: Readonly<Record<string, number>> = {}): string {
  const text = readFileSync(new URL(`../../spec/${name}.yaml`, import.meta.url), "utf8");
  const sized = text.replace(/rounding: nearest \}/g, `rounding: nearest, min_size: ${minSize} }`);
  return Object.entries(hyper).reduce(
    (changed, [key, value]) => changed.replace(new RegExp(`^  ${key}: .*$`, "m"), `  ${key}: ${value}`),
    sized,
  );
}

const unquantized = (text: string): string => text.replace(/^ {2}(m|slow|v): \{.*\}$/gm, `  $1: ${float32}`);

const bytes = (state: string, codes: string, scales: string): Stored => ({
  state,
  codes,
  scales,
  packing: "bytes",
});
const bnbStored = (...states: string[]): Stored[] =>
  states.map((state, index) => bytes(state, `state${index + 1}`, `absmax${index + 1}`));
const moments = [
  { state: "m", moment: "exp_avg" },
  { state: "v", moment: "exp_avg_sq" },
];
const aoStored = (packing: Stored["packing"]): Stored[] =>
  moments.map(({ state, moment }) => ({
    state,
    codes: `${moment}/codes`,
    scales: `${moment}/scale`,
    packing,
  }));
const lpmmStored = (state: string, moment: string): Stored => ({
  state,
  codes: moment,
  scales: `${moment}_qstate/overhead/max1`,
  packing: "low-first",
});
const flashStored = (state: string, moment: string, packing: Stored["packing"]): Stored => ({
  state,
  codes: `${moment}/codes`,
  scales: `${moment}/scale`,
  packing,
});

function family(
  name: string,
  peer: string,
  own: string,
  reference: string | null,
  stored: readonly Stored[],
  {
    better = null,
    tensors = TENSORS,
    apart = 0,
    close = 1e-6,
  }: Partial<Pick<Family, "better" | "tensors" | "apart" | "close">> = {},
): Family {
  const texts = [
    { order: "the library's", text: peer },
    { order: "the shipped spec's", text: own },
  ];
  return { name, texts, float32: reference, unquantized, stored, better, tensors, apart, close };
}

/** FlashOptim divides by the float32 maximum and stores its float16; codes here are of what decodes them. */
const otherScale = { apart: 2 };
const noSign = "its squares use half of a signed table, ours all of one without a sign";

export const families: readonly Family[] = [
  family(
    "torch_adamw",
    spec(torchAdamw, adam, float32, float32),
    shipped("adamw-32bit", 0),
    "torch_adamw",
    [],
  ),
  family(
    "torch_sgdm",
    spec(momentum.replace("+ g", "+ (g + 1e-4*p)"), sgd, float32),
    shipped("sgdm-32bit", 1, { weight_decay: 1e-4 }),
    "torch_sgdm",
    [],
  ),
  family(
    "torch_rmsprop",
    spec(rmsprop, rms, float32),
    unquantized(shipped("rmsprop-8bit", 1)),
    "torch_rmsprop",
    [],
  ),
  family(
    "torch_adagrad",
    spec(adagrad, ada, float32),
    unquantized(shipped("adagrad-8bit", 1)),
    "torch_adagrad",
    [],
  ),
  family(
    "bnb_adamw32",
    spec(bnbAdam, asFloat32(adam), float32, float32),
    shipped("adamw-32bit", 0),
    "bnb_adamw32",
    [],
    // Its powers of beta are an approximate intrinsic's: the corrections of ten steps add up.
    { close: 4e-6 },
  ),
  family("bnb_lion32", spec(bnbLion, asFloat32(lion), float32), shipped("lion-32bit", 1), "bnb_lion32", []),
  family(
    "bnb_adamw8",
    spec(bnbAdam, asFloat32(adam), bnb, bnbSecond),
    shipped("adamw-8bit", 1),
    "torch_adamw",
    bnbStored("m", "v"),
  ),
  family(
    "bnb_adam8",
    spec(bnbAdam, asFloat32({ ...adam, weight_decay: 0 }), bnb, bnbSecond),
    shipped("adam-8bit", 1),
    null,
    bnbStored("m", "v"),
  ),
  // Recorded without weight decay: one step is p1 = p0 - 0.01*g, with no term in p0.
  family("bnb_sgdm8", spec(momentum, asFloat32(sgd), bnb), shipped("sgdm-8bit", 1), null, bnbStored("m")),
  family(
    "bnb_lion8",
    spec(bnbLion, asFloat32(lion), bnb),
    shipped("lion-8bit", 1),
    "bnb_lion32",
    bnbStored("m"),
  ),
  family(
    "lpmm_adamw4_b128",
    spec(torchAdamw, adam, lpmm, lpmmSecond),
    shipped("adamw-4bit-block", 4097),
    "torch_adamw",
    moments.map(({ state, moment }) => lpmmStored(state, moment)),
  ),
  family(
    "lpmm_adamw4_fused",
    spec(torchAdamw, asFloat32(adam), lpmm, lpmmSecond),
    shipped("adamw-4bit-block", 4097),
    "torch_adamw",
    moments.map(({ state, moment }) => lpmmStored(state, moment)),
  ),
  family(
    "ao_adamw8",
    spec(aoAdamw, adam, ao, ao.replace("true", "false")),
    shipped("adamw-8bit", 8192),
    "torch_adamw",
    aoStored("bytes"),
  ),
  family(
    "ao_adamw4",
    spec(aoAdamw, adam, ao4, ao4Second),
    shipped("adamw-4bit-block", 8192),
    "torch_adamw",
    aoStored("high-first"),
  ),
  family(
    "bnb_rmsprop8",
    spec(rmsprop, asFloat32(rms), bnb),
    shipped("rmsprop-8bit", 1),
    "torch_rmsprop",
    bnbStored("v"),
    { better: noSign },
  ),
  family(
    "bnb_adagrad8",
    spec(adagrad, asFloat32(ada), bnb),
    shipped("adagrad-8bit", 1),
    "torch_adagrad",
    bnbStored("v"),
    { better: noSign },
  ),
  // The library's own float32 run holds NaN.
  family(
    "bnb_ademamix8",
    spec(bnbAdemamix, asFloat32(mix), bnb, bnb, bnbSecond),
    shipped("ademamix-8bit", 1),
    null,
    [
      { ...bytes("m", "state1", "absmax1"), half: 0 },
      { ...bytes("slow", "state1", "absmax1"), half: 1 },
      bytes("v", "state2", "absmax2"),
    ],
    // Of others, whose last block is short, it keeps two scales in one place.
    { tensors: ["w"] },
  ),
  family(
    "lpmm_sgdm4",
    spec(momentum.replace("+ g", "+ (g + 1e-4*p)"), sgd, lpmm),
    shipped("sgdm-4bit", 4097, { weight_decay: 1e-4 }),
    "torch_sgdm",
    [lpmmStored("m", "momentum_buffer")],
  ),
  family(
    "flash_adamw8",
    spec(torchAdamw, adam, flash, flashSecond),
    shipped("flash-adamw-8bit", 0),
    "torch_adamw",
    [flashStored("m", "exp_avg", "int8"), flashStored("v", "exp_avg_sq", "bytes")],
    otherScale,
  ),
  // Recorded without weight decay, as bnb_sgdm8.
  family(
    "flash_sgdm8",
    spec(momentum, sgd, flash),
    shipped("flash-sgdm-8bit", 0),
    null,
    [flashStored("m", "momentum_buffer", "int8")],
    otherScale,
  ),
  family(
    "flash_lion8",
    spec(bnbLion, lion, flash),
    shipped("flash-lion-8bit", 0),
    "bnb_lion32",
    [flashStored("m", "exp_avg", "int8")],
    otherScale,
  ),
];
