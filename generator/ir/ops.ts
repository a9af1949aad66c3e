import type { Scalar } from "./types.js";

/** The one row of an op: its types and its meaning. Truth values are 1 and 0. */
interface OpRow {
  readonly args: readonly Scalar[];
  readonly result: Scalar;
  readonly evaluate: (...args: number[]) => number;
}

const { fround, imul } = Math;
const truth = (value: boolean): number => (value ? 1 : 0);

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
const bitsOf = (value: number): number => {
  float[0] = value;
  return word[0] as number;
};
const floatOf = (bits: number): number => {
  word[0] = bits;
  return float[0] as number;
};

const f32 = (arity: number, evaluate: OpRow["evaluate"]): OpRow => ({
  args: Array<Scalar>(arity).fill("f32"),
  result: "f32",
  evaluate,
});
const u32 = (evaluate: OpRow["evaluate"]): OpRow => ({ args: ["u32", "u32"], result: "u32", evaluate });
const compare = (type: "f32" | "u32", evaluate: (a: number, b: number) => boolean): OpRow => ({
  args: [type, type],
  result: "bool",
  evaluate: (a = 0, b = 0) => truth(evaluate(a, b)),
});
const select = (type: "f32" | "u32"): OpRow => ({
  args: ["bool", type, type],
  result: type,
  evaluate: (condition = 0, a = 0, b = 0) => (condition !== 0 ? a : b),
});

/** What every op means. float32 operations round once; u32 ones wrap. */
export const ops = {
  "f32.add": f32(2, (a = 0, b = 0) => fround(a + b)),
  "f32.sub": f32(2, (a = 0, b = 0) => fround(a - b)),
  "f32.mul": f32(2, (a = 0, b = 0) => fround(a * b)),
  "f32.div": f32(2, (a = 0, b = 0) => fround(a / b)),
  "f32.neg": f32(1, (a = 0) => -a),
  "f32.abs": f32(1, (a = 0) => Math.abs(a)),
  "f32.sqrt": f32(1, (a = 0) => fround(Math.sqrt(a))),
  "f32.lt": compare("f32", (a, b) => a < b),
  "f32.le": compare("f32", (a, b) => a <= b),
  "f32.gt": compare("f32", (a, b) => a > b),
  "f32.ge": compare("f32", (a, b) => a >= b),
  "f32.eq": compare("f32", (a, b) => a === b),
  "f32.ne": compare("f32", (a, b) => a !== b),
  "f32.select": select("f32"),
  /** To [0, 1]; NaN to 0. */
  "f32.saturate": f32(1, (a = 0) => (a > 0 ? Math.min(a, 1) : 0)),
  "f32.is_finite": { args: ["f32"], result: "bool", evaluate: (a = 0) => truth(Number.isFinite(a)) },
  "f32.bits": { args: ["f32"], result: "u32", evaluate: (a = 0) => bitsOf(a) },
  "f32.from_bits": { args: ["u32"], result: "f32", evaluate: (a = 0) => floatOf(a) },
  /** Sign, exponent and the first bits of the fraction: the bits without the lowest `shift`. */
  "f32.leading": { args: ["f32", "u32"], result: "u32", evaluate: (a = 0, shift = 0) => bitsOf(a) >>> shift },
  /** Toward zero; of a number in [0, 2^32). */
  "f32.truncate": { args: ["f32"], result: "u32", evaluate: (a = 0) => Math.trunc(a) },
  /** Exact below 2^24. */
  "f32.from_u32": { args: ["u32"], result: "f32", evaluate: (a = 0) => fround(a) },
  "u32.add": u32((a = 0, b = 0) => (a + b) >>> 0),
  "u32.sub": u32((a = 0, b = 0) => (a - b) >>> 0),
  "u32.mul": u32((a = 0, b = 0) => imul(a, b) >>> 0),
  "u32.and": u32((a = 0, b = 0) => (a & b) >>> 0),
  "u32.or": u32((a = 0, b = 0) => (a | b) >>> 0),
  "u32.xor": u32((a = 0, b = 0) => (a ^ b) >>> 0),
  /** By less than 32. */
  "u32.shl": u32((a = 0, b = 0) => (a << b) >>> 0),
  "u32.shr": u32((a = 0, b = 0) => a >>> b),
  /** The upper half of a float32's bits, rounded to nearest, ties to even: its bfloat16. Of a NaN's bits it has no meaning. */
  "u32.bfloat16": {
    args: ["u32"],
    result: "u32",
    evaluate: (a = 0) => (a + 0x7fff + ((a >>> 16) & 1)) >>> 16,
  },
  /** Of a float's bits, 128 where it rises with them, and -128 where it is negative and falls. */
  "u32.slope": {
    args: ["u32"],
    result: "u32",
    evaluate: (a = 0) => (128 ^ (-(a >>> 31) << 8)) >>> 0,
  },
  "u32.eq": compare("u32", (a, b) => a === b),
  "u32.ge": compare("u32", (a, b) => a >= b),
  "u32.gt": compare("u32", (a, b) => a > b),
  "u32.lt": compare("u32", (a, b) => a < b),
  "u32.select": select("u32"),
  "bool.and": {
    args: ["bool", "bool"],
    result: "bool",
    evaluate: (a = 0, b = 0) => truth(a !== 0 && b !== 0),
  },
} as const satisfies Record<string, OpRow>;

export type Op = keyof typeof ops;

export function opRow(op: Op): OpRow {
  return ops[op];
}
