import type { Dialect, Spelling } from "../../generator/print/dialect.js";

// C++'s precedence, loosest first.
const [AND_ALSO, OR, XOR, AND, EQUAL, COMPARE, SHIFT, ADD, MULTIPLY, UNARY, CALL] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
];
const FREE = 0;

const binary = (operator: string, level: number): Spelling => ({
  text: `$0 ${operator} $1`,
  level,
  args: [level, level + 1],
});
/** With both sides in parentheses unless they bind like a product, as compilers' warnings ask. */
const bitwise = (operator: string, level: number): Spelling => ({
  text: `$0 ${operator} $1`,
  level,
  args: [MULTIPLY, MULTIPLY],
});
const call = (name: string): Spelling => ({ text: `${name}($0)`, level: CALL, args: [FREE] });
const select: Spelling = { text: "select($0, $1, $2)", level: CALL, args: [FREE, FREE, FREE] };
const pair = (name: string): Spelling => ({ text: `${name}($0, $1)`, level: CALL, args: [FREE, FREE] });
const lookup = pair("lookup");

/** One text for single values and for vectors: what an operation means is in vectors.h. */
export const dialect: Dialect = {
  types: { f32: "float", u32: "uint32_t", bool: "bool" },
  ops: {
    // Rounded once each with `math: exact`: the file is compiled without contraction, and no flag may reorder.
    "f32.add": binary("+", ADD),
    "f32.sub": binary("-", ADD),
    "f32.mul": binary("*", MULTIPLY),
    "f32.div": binary("/", MULTIPLY),
    "f32.neg": { text: "-$0", level: UNARY, args: [CALL] },
    "f32.abs": call("absolute"),
    "f32.sqrt": call("square_root"),
    "f32.lt": binary("<", COMPARE),
    "f32.le": binary("<=", COMPARE),
    "f32.gt": binary(">", COMPARE),
    "f32.ge": binary(">=", COMPARE),
    "f32.eq": binary("==", EQUAL),
    "f32.ne": binary("!=", EQUAL),
    "f32.select": select,
    "f32.saturate": { text: "smaller(larger($0, 0.0f), 1.0f)", level: CALL, args: [FREE] },
    "f32.is_finite": call("is_finite"),
    "f32.bits": call("bits_of"),
    "f32.from_bits": call("float_of"),
    "f32.leading": { text: "bits_of($0) >> $1", level: SHIFT, args: [FREE, MULTIPLY] },
    "f32.truncate": call("truncated"),
    "f32.from_u32": call("float_from"),
    "u32.add": binary("+", ADD),
    "u32.sub": binary("-", ADD),
    "u32.mul": binary("*", MULTIPLY),
    "u32.and": bitwise("&", AND),
    "u32.or": bitwise("|", OR),
    "u32.xor": bitwise("^", XOR),
    "u32.shl": bitwise("<<", SHIFT),
    "u32.shr": bitwise(">>", SHIFT),
    "u32.bfloat16": { text: "($0 + 0x7fffu + (($0 >> 16u) & 1u)) >> 16u", level: SHIFT, args: [CALL] },
    "u32.slope": { text: "128u ^ ((0u - ($0 >> 31u)) << 8u)", level: XOR, args: [CALL] },
    "u32.eq": binary("==", EQUAL),
    "u32.ge": binary(">=", COMPARE),
    "u32.gt": binary(">", COMPARE),
    "u32.lt": binary("<", COMPARE),
    "u32.select": select,
    "bool.and": binary("&&", AND_ALSO),
  },
  ordinary: null,
  extrema: { greater: pair("larger"), lesser: pair("smaller") },
  lookups: { f32: lookup, u32: lookup },
  constants: {
    f32: floatLiteral,
    u32: (value) => (value > 0xffff ? `0x${value.toString(16)}u` : `${value}u`),
    bool: (value) => (value === 0 ? "false" : "true"),
  },
  declaration: "const auto $0 = $2;",
  reserved: new Set(
    [
      "alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const consteval constexpr",
      "constinit continue decltype default delete do double else enum explicit export extern false float for friend goto if",
      "inline int long mutable namespace new noexcept not nullptr operator or private protected public register requires",
      "return short signed sizeof static struct switch template this throw true try typedef typeid typename union unsigned",
      "using virtual void volatile wchar_t while xor static_cast const_cast dynamic_cast reinterpret_cast static_assert",
      "thread_local co_await co_return co_yield char8_t char16_t char32_t and_eq or_eq xor_eq not_eq",
      "uint8_t uint16_t uint32_t uint64_t include pragma GCC optimize define defined ifdef endif maybe_unused visibility std algorithm cstdint min C",
      // Of the headers.
      "prefetch following memory fused are_finite Segments encode_by_segments of_line in_order bytes_of entries_of size_of lines_of codes_of put_codes asked not_asked Nibbles NibblesRead larger_size",
      "Mask Floats Words RawFloats RawWords RawMask LANES MOST_LANES INLINE padded select bits_of float_of absolute is_finite",
      "truncated float_from square_root each_lane lane_numbers max greatest load store permuted Table lookup load_first pick",
      "EACH_VECTOR larger smaller lanes_of is_everywhere PERMUTED MOST_PERMUTED permuted_values permuted_of gathered tables Place look_up Planes planes Bytes bytes put_bytes places found",
      "merge kept chosen Block Tensor TreeSum load_some run_values row_values col_values col_place matrix_values each_dimension",
      "least_scale least_scales as_float raise raise_runs raise_rows raise_cols raise_scales each_magnitude count_below",
      "ColumnSums tree_sum greater greatest_of key_of_rank next_key least_from vectors tensors h data clear add sum",
      // Of the skeletons.
      "KERNEL LOWBIT_SOURCES lowbit_sources Chunk uniforms chunks chunk first_chunk last_chunk tensor tile id parameters gradients",
      "start length first limit span offset there place lane run maximum magnitudes key entry entries first_entry last_entry",
      "total size begin terms term stride row col row_parts col_parts matrix col_part row_part square first_row first_col height",
      "width i j result copy",
      // Macros of the C library and of GNU's C++.
      "NULL NAN INFINITY HUGE_VAL HUGE_VALF EOF errno assert stdin stdout stderr linux unix",
    ]
      .join(" ")
      .split(" "),
  ),
};

/** The shortest decimal that reads back as the float32, as a float literal. */
function floatLiteral(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  }
  throw new Error(`${value} is not a finite float32`);
}
