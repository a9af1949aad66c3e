import type { Dialect, Spelling } from "../../generator/print/dialect.js";

// JavaScript's precedence, loosest first.
const [TERNARY, OR, AND, EQUAL, COMPARE, SHIFT, ADD, MULTIPLY, UNARY, CALL] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const FREE = 0;

/** A float32 operation: float64, then rounded, which is the same as rounding once. */
const rounded = (operator: string, level: number): Spelling => ({
  text: `fround($0 ${operator} $1)`,
  level: CALL,
  args: [level, level + 1],
});
const compare = (operator: string): Spelling => ({
  text: `$0 ${operator} $1`,
  level: operator.includes("==") ? EQUAL : COMPARE,
  args: [COMPARE + 1, COMPARE + 1],
});
const word = (operator: string, level = UNARY): Spelling => ({
  text: `($0 ${operator} $1) >>> 0`,
  level: SHIFT,
  args: [level, level + 1],
});
const select: Spelling = { text: "$0 ? $1 : $2", level: TERNARY, args: [OR, OR, TERNARY] };

export const dialect: Dialect = {
  types: { f32: "number", u32: "number", bool: "boolean" },
  ops: {
    "f32.add": rounded("+", ADD),
    "f32.sub": rounded("-", ADD),
    "f32.mul": rounded("*", MULTIPLY),
    "f32.div": rounded("/", MULTIPLY),
    "f32.neg": { text: "-$0", level: UNARY, args: [CALL] },
    "f32.abs": { text: "Math.abs($0)", level: CALL, args: [FREE] },
    "f32.sqrt": { text: "fround(Math.sqrt($0))", level: CALL, args: [FREE] },
    "f32.lt": compare("<"),
    "f32.le": compare("<="),
    "f32.gt": compare(">"),
    "f32.ge": compare(">="),
    "f32.eq": compare("==="),
    "f32.ne": compare("!=="),
    "f32.select": select,
    "f32.saturate": { text: "($0 > 0 ? Math.min($0, 1) : 0)", level: CALL, args: [COMPARE] },
    "f32.is_finite": { text: "Number.isFinite($0)", level: CALL, args: [FREE] },
    "f32.bits": { text: "bitsOfFloat($0)", level: CALL, args: [FREE], needs: "bits" },
    "f32.from_bits": { text: "floatOfBits($0)", level: CALL, args: [FREE], needs: "fromBits" },
    "f32.leading": { text: "bitsOfFloat($0) >>> $1", level: SHIFT, args: [FREE, UNARY], needs: "bits" },
    "f32.truncate": { text: "$0 >>> 0", level: SHIFT, args: [UNARY] },
    "f32.from_u32": { text: "fround($0)", level: CALL, args: [FREE] },
    "u32.add": word("+", ADD),
    "u32.sub": word("-", ADD),
    "u32.mul": { text: "Math.imul($0, $1) >>> 0", level: SHIFT, args: [FREE, FREE] },
    "u32.and": word("&"),
    "u32.or": word("|"),
    "u32.xor": word("^"),
    "u32.shl": word("<<"),
    "u32.shr": { text: "$0 >>> $1", level: SHIFT, args: [UNARY, UNARY] },
    "u32.bfloat16": { text: "($0 + 0x7fff + (($0 >>> 16) & 1)) >>> 16", level: SHIFT, args: [CALL] },
    "u32.slope": { text: "(128 ^ (-($0 >>> 31) << 8)) >>> 0", level: SHIFT, args: [CALL] },
    "u32.eq": compare("==="),
    "u32.ge": compare(">="),
    "u32.gt": compare(">"),
    "u32.lt": compare("<"),
    "u32.select": select,
    "bool.and": { text: "$0 && $1", level: AND, args: [AND, AND + 1] },
  },
  ordinary: null,
  lookups: {
    f32: { text: "$0[$1]!", level: CALL, args: [CALL, FREE] },
    u32: { text: "$0[$1]!", level: CALL, args: [CALL, FREE] },
  },
  constants: {
    f32: String,
    u32: (value) => (value > 0xffff ? `0x${value.toString(16)}` : String(value)),
    bool: (value) => (value === 0 ? "false" : "true"),
  },
  declaration: "const $0 = $2;",
  reserved: new Set(
    [
      "await break case catch class const continue debugger default delete do else enum export extends false finally for",
      "function if implements import in instanceof interface let new null package private protected public return static",
      "super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity",
      "Math Number Float32Array Uint32Array fround tensor uniforms arrays length id start first limit parameters gradients",
      "place entry entries total size row rows col cols shape square matrix matrices part parts rowParts colParts rowPart colPart",
      "firstRow firstCol height width i j sumOf greatestOf greater sweepSum TreeSum leastScale raiseScales",
      "end base run bitsOfFloat floatOfBits floatsOf float word words value values keys bits kernels codecs quantize dequantize",
      "Codec CodecArrays StreamKeys HostKernel KernelTensor TensorArrays UniformValues Readonly Record Uint8Array",
      "as from number of readonly string type",
      "orderAt leastOf countPositive runStart runEnd i TypeError",
    ]
      .join(" ")
      .split(" "),
  ),
};
