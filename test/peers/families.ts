import { readFileSync } from "node:fs";

/** A trajectory of a published library and the specs that repeat it. */
export interface Family {
  readonly name: string;
  /** The library's own order of operations, and the shipped spec with what the library was given. */
  readonly texts: readonly { readonly order: string; readonly text: string }[];
  /** The same run with float32 states in the goldens; null where the spec is run without its codecs instead. */
  readonly float32: string | null;
  readonly unquantized: (text: string) => string;
  /** How the library names the codes and the scales of its states. */
  readonly stored: readonly { readonly codes: string; readonly scales: string }[];
}

const bnb = "{ bits: 8, signed: true, mapping: dynamic, normalize: { block: 256 }, min_size: 1 }";
const bnbSecond = bnb.replace("true", "false");
const lpmm = "{ bits: 4, signed: true, mapping: dynamic, normalize: { block: 128 }, min_size: 4097 }";
const lpmmSecond = "{ bits: 4, signed: false, mapping: linear, normalize: { block: 128 }, min_size: 4097 }";
/** torchao keeps a tensor as float32 unless it has whole blocks: of these, all but the one of 8,192. */
const ao = bnb.replace("min_size: 1", "min_size: 8192");
const float32 = "{ bits: 32 }";

const adam = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 };
const sgd = { lr: 1e-2, momentum: 0.9 };
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
const bnbLion = `
  p = p*(1 - lr*weight_decay)
  p = p - lr*sign(m*beta1 + (1 - beta1)*g)
  m = m*beta2 + (1 - beta2)*g`;

/** bitsandbytes takes its hypers as float32 and computes 1 - beta from those. */
function asFloat32(hyper: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(hyper).map(([name, value]) => [name, Math.fround(value)]));
}

function spec(update: string, hyper: object, ...states: string[]): string {
  const names = ["m", "v"].slice(0, states.length);
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

const unquantized = (text: string): string => text.replace(/^ {2}([mv]): \{.*\}$/gm, `  $1: ${float32}`);

const moments = ["exp_avg", "exp_avg_sq"];
const storage: Readonly<Record<string, Family["stored"]>> = {
  bnb: [1, 2].map((k) => ({ codes: `state${k}`, scales: `absmax${k}` })),
  ao: moments.map((moment) => ({ codes: `${moment}/codes`, scales: `${moment}/scale` })),
  lpmm: moments.map((moment) => ({ codes: moment, scales: `${moment}_qstate/overhead/max1` })),
};

function family(name: string, peer: string, own: string, reference: string | null): Family {
  const texts = [
    { order: "the library's", text: peer },
    { order: "the shipped spec's", text: own },
  ];
  const stored = storage[name.split("_")[0] ?? ""] ?? [];
  return { name, texts, float32: reference, unquantized, stored };
}

export const families: readonly Family[] = [
  family("torch_adamw", spec(torchAdamw, adam, float32, float32), shipped("adamw-32bit", 0), "torch_adamw"),
  family(
    "torch_sgdm",
    spec(momentum.replace("+ g", "+ (g + 1e-4*p)"), sgd, float32),
    unquantized(shipped("sgdm-8bit", 1, { weight_decay: 1e-4 })),
    "torch_sgdm",
  ),
  family(
    "bnb_adamw8",
    spec(bnbAdam, asFloat32(adam), bnb, bnbSecond),
    shipped("adamw-8bit", 1),
    "torch_adamw",
  ),
  family(
    "bnb_adam8",
    spec(bnbAdam, asFloat32({ ...adam, weight_decay: 0 }), bnb, bnbSecond),
    shipped("adam-8bit", 1),
    null,
  ),
  // Recorded without weight decay: one step is p1 = p0 - 0.01*g, with no term in p0.
  family("bnb_sgdm8", spec(momentum, asFloat32(sgd), bnb), shipped("sgdm-8bit", 1), null),
  family("bnb_lion8", spec(bnbLion, asFloat32(lion), bnb), shipped("lion-8bit", 1), "bnb_lion32"),
  family(
    "lpmm_adamw4_b128",
    spec(torchAdamw, adam, lpmm, lpmmSecond),
    shipped("adamw-4bit-block", 4097),
    "torch_adamw",
  ),
  family(
    "ao_adamw8",
    spec(aoAdamw, adam, ao, ao.replace("true", "false")),
    shipped("adamw-8bit", 8192),
    "torch_adamw",
  ),
];
