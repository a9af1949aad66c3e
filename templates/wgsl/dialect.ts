import type { Dialect, Spelling } from "../../generator/print/dialect.js";

// WGSL lets comparisons, sums, products and unary expressions nest in this order; shifts and bitwise operators take
// only unary expressions beside them.
const [BITWISE, AND, COMPARE, ADD, MULTIPLY, UNARY, CALL] = [1, 2, 3, 4, 5, 6, 7];
const FREE = 0;

const binary = (operator: string, level: number): Spelling => ({
  text: `$0 ${operator} $1`,
  level,
  args: [level, level + 1],
});
const compare = (operator: string): Spelling => ({
  text: `$0 ${operator} $1`,
  level: COMPARE,
  args: [ADD, ADD],
});
const bitwise = (operator: string): Spelling => ({
  text: `$0 ${operator} $1`,
  level: BITWISE,
  args: [UNARY, UNARY],
});
const select: Spelling = { text: "select($2, $1, $0)", level: CALL, args: [FREE, FREE, FREE] };
const call = (name: string): Spelling => ({ text: `${name}($0)`, level: CALL, args: [FREE] });

export const dialect: Dialect = {
  types: { f32: "f32", u32: "u32", bool: "bool" },
  ops: {
    "f32.add": binary("+", ADD),
    "f32.sub": binary("-", ADD),
    "f32.mul": binary("*", MULTIPLY),
    "f32.div": binary("/", MULTIPLY),
    "f32.neg": { text: "-$0", level: UNARY, args: [CALL] },
    "f32.abs": call("abs"),
    "f32.sqrt": call("sqrt"),
    "f32.lt": compare("<"),
    "f32.le": compare("<="),
    "f32.gt": compare(">"),
    "f32.ge": compare(">="),
    "f32.eq": compare("=="),
    "f32.ne": compare("!="),
    "f32.select": select,
    "f32.saturate": { text: "select(0f, min($0, 1f), $0 > 0f)", level: CALL, args: [ADD] },
    // By its bits: WGSL allows an implementation to assume that no float is infinite or NaN.
    "f32.is_finite": { text: "(bitcast<u32>($0) & 0x7fffffffu) < 0x7f800000u", level: COMPARE, args: [FREE] },
    "f32.bits": call("bitcast<u32>"),
    "f32.from_bits": call("bitcast<f32>"),
    "f32.leading": { text: "bitcast<u32>($0) >> $1", level: BITWISE, args: [FREE, UNARY] },
    "f32.truncate": call("u32"),
    "f32.from_u32": call("f32"),
    "u32.add": binary("+", ADD),
    "u32.sub": binary("-", ADD),
    "u32.mul": binary("*", MULTIPLY),
    "u32.and": bitwise("&"),
    "u32.or": bitwise("|"),
    "u32.xor": bitwise("^"),
    "u32.shl": bitwise("<<"),
    "u32.shr": bitwise(">>"),
    "u32.bfloat16": { text: "($0 + 0x7fffu + (($0 >> 16u) & 1u)) >> 16u", level: BITWISE, args: [CALL] },
    "u32.slope": { text: "128u ^ ((0u - ($0 >> 31u)) << 8u)", level: BITWISE, args: [CALL] },
    "u32.eq": compare("=="),
    "u32.ge": compare(">="),
    "u32.gt": compare(">"),
    "u32.lt": compare("<"),
    "u32.select": select,
    "bool.and": { text: "$0 && $1", level: AND, args: [AND, COMPARE] },
  },
  ordinary: null,
  lookups: {
    f32: { text: "codebook[$0 + $1]", level: CALL, args: [CALL, ADD] },
    u32: { text: "u32(codebook[$0 + $1])", level: CALL, args: [CALL, ADD] },
  },
  constants: {
    f32: (value) => floatLiteral(value),
    u32: (value) => (value > 0xffff ? `0x${value.toString(16)}u` : `${value}u`),
    bool: (value) => (value === 0 ? "false" : "true"),
  },
  declaration: "let $0 = $2;",
  reserved: new Set(
    [
      "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let",
      "loop override requires return struct switch true var while",
      "array atomic bool f16 f32 i32 mat2x2 ptr sampler texture_2d u32 vec2 vec3 vec4 bitcast select abs sqrt min max",
      "NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class",
      "co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval",
      "constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export",
      "extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl",
      "implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut",
      "mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of",
      "operator package packoffset partial pass patch pixelfragment precise precision premerge priv protected pub public",
      "readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm",
      "static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef",
      "typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with",
      "writeonly yield",
      "uniforms chunks tensors parameters gradients state_words codebook next_words Uniforms Tensor main",
      "place entry entries total size row col matrix part height width own count i strip row_parts col_parts row_part col_part from_term",
      "greatest begin terms term stride add_term sum_of least_scale least_maximum raise_scales",
      "chunk chunk_index tensor start first limit granule round thread group groups slot run word",
      "key bit next repeats atomicAdd atomicMin atomicStore",
      "arrayLength atomicLoad atomicMax storageBarrier workgroupBarrier vec2u vec3u binding builtin compute",
      "local_invocation_index num_workgroups workgroup workgroup_id workgroup_size read read_write storage uniform",
    ]
      .join(" ")
      .split(" "),
  ),
};

/** The shortest decimal that reads back as the float32, with its suffix. */
function floatLiteral(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return `${text}f`;
  }
  throw new Error(`${value} is not a finite float32`);
}
