import type { Dialect, Spelling } from "../../generator/print/dialect.js";

// C++'s precedence, loosest first.
const [TERNARY, AND_ALSO, OR, XOR, AND, EQUAL, COMPARE, SHIFT, ADD, MULTIPLY, UNARY, CALL] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
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
const select: Spelling = { text: "$0 ? $1 : $2", level: TERNARY, args: [AND_ALSO, AND_ALSO, TERNARY] };

export const dialect: Dialect = {
  types: { f32: "float", u32: "uint32_t", bool: "bool" },
  ops: {
    // Rounded once each with `math: exact`: the file is compiled without contraction, fast division or flushing.
    "f32.add": binary("+", ADD),
    "f32.sub": binary("-", ADD),
    "f32.mul": binary("*", MULTIPLY),
    "f32.div": binary("/", MULTIPLY),
    "f32.neg": { text: "-$0", level: UNARY, args: [CALL] },
    "f32.abs": call("fabsf"),
    "f32.sqrt": call("sqrtf"),
    "f32.lt": binary("<", COMPARE),
    "f32.le": binary("<=", COMPARE),
    "f32.gt": binary(">", COMPARE),
    "f32.ge": binary(">=", COMPARE),
    "f32.eq": binary("==", EQUAL),
    "f32.ne": binary("!=", EQUAL),
    "f32.select": select,
    "f32.saturate": call("__saturatef"),
    // One comparison; the library's isfinite is two instructions of half the rate.
    "f32.is_finite": { text: "fabsf($0) <= FLT_MAX", level: COMPARE, args: [FREE] },
    "f32.bits": call("__float_as_uint"),
    "f32.from_bits": call("__uint_as_float"),
    "f32.leading": { text: "__float_as_uint($0) >> $1", level: SHIFT, args: [FREE, MULTIPLY] },
    "f32.truncate": call("__float2uint_rz"),
    "f32.from_u32": call("__uint2float_rn"),
    "u32.add": binary("+", ADD),
    "u32.sub": binary("-", ADD),
    "u32.mul": binary("*", MULTIPLY),
    "u32.and": bitwise("&", AND),
    "u32.or": bitwise("|", OR),
    "u32.xor": bitwise("^", XOR),
    "u32.shl": bitwise("<<", SHIFT),
    "u32.shr": bitwise(">>", SHIFT),
    "u32.bfloat16": { ...call("bfloat16Of"), needs: "bfloat16" },
    "u32.slope": { ...call("slopeOf"), needs: "slope" },
    "u32.eq": binary("==", EQUAL),
    "u32.ge": binary(">=", COMPARE),
    "u32.gt": binary(">", COMPARE),
    "u32.lt": binary("<", COMPARE),
    "u32.select": select,
    // Both sides are computed: a branch would part the elements of a thread, which otherwise overlap.
    "bool.and": bitwise("&", AND),
  },
  ordinary: {
    "f32.div": { text: "quotient($0, $1)", level: CALL, args: [FREE, FREE] },
    "f32.sqrt": call("squareRoot"),
  },
  near: {
    ops: {
      "f32.div": { text: "nearQuotient($0, $1)", level: CALL, args: [FREE, FREE] },
      "f32.sqrt": call("nearRoot"),
    },
    // The PTX ISA has rcp.approx within a unit in the last place and sqrt.approx within 2^-23 of the root; products round. Both
    // take what is subnormal for zero.
    errors: { quotient: 3, quotientByUniform: 2, root: 2, subnormalRoot: 2 ** -63 },
    // anyIsSmall (kernels.hbs).
    small: -55,
    fused: { text: "__fmaf_rn($0, $1, $2)", level: CALL, args: [FREE, FREE, FREE] },
  },
  reciprocal: { text: "reciprocalOf($1)", level: CALL, args: [FREE, FREE] },
  quotientByConstant: { text: "quotient($0, $1, 1.0f / $1)", level: CALL, args: [FREE, MULTIPLY + 1] },
  exactProduct: { text: "__fmaf_rn($0, $1, $2)", level: CALL, args: [FREE, FREE, FREE] },
  lookups: {
    f32: { text: "$0[$1]", level: CALL, args: [CALL, FREE] },
    u32: { text: "$0[$1]", level: CALL, args: [CALL, FREE] },
  },
  constants: {
    f32: (value) => floatLiteral(value),
    u32: (value) => (value > 0xffff ? `0x${value.toString(16)}u` : `${value}u`),
    bool: (value) => (value === 0 ? "false" : "true"),
  },
  declaration: "const $1 $0 = $2;",
  owned:
    /^(step|measure|reduce\d*)(_\w+)?_(uniforms|tensor|elements|element|values|neighbours|again|again_of_rows|rows)$/,
  reserved: new Set(
    [
      "alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const consteval constexpr",
      "constinit continue decltype default delete do double else enum explicit export extern false float for friend goto if",
      "inline int long mutable namespace new noexcept not nullptr operator or private protected public register requires",
      "return short signed sizeof static struct switch template this throw true try typedef typeid typename union unsigned",
      "using virtual void volatile wchar_t while xor uint16_t uint32_t uint64_t isfinite FLT_MAX update rest fabsf sqrtf min max",
      "threadIdx blockIdx blockDim gridDim warpSize",
      "uniforms chunks chunk chunk_count tensors tensor parameters gradients start length first limit round thread run load store",
      "own next ahead held read elements place entries total size row col matrix part square lane warp group j missing row_parts col_parts row_part col_part first_col",
      "first_entry last_entry piece pieces sumOfWarp greatestOfWarp sumOfRows rowOfLane sumOfNeighbours greatestOf slice sweep own_row half is_upper given kept rows pairs are_all_there begin terms term stride TreeSum Tensor leastScales raiseScales Place visitRow Visit visit shape advance width column columns known bits",
      "firstColumnScale leastOfDimensions leastOfRow leastOf scaleOfRow areWithin raiseAbove raiseDimensions raiseRow raiseNeighbours raiseColumns greatestOfLanes of_lanes copyAsync reciprocalOf laterOf latestOf ofLane own_lane which own_place levelOnLine maximumOfRow lower upper keptNumber keptShared KeptTable complementsOf complements second_row left_of_chunks has_begun goOn following further fetchSector int64_t placeOfPanel PanelOfBlock panels_of_block addSquares sumOfPair orderedInverse greaterInverse storeHalves RowCopy PlacedCopy RowPlace RowTarget written at share bytes endCopies awaitCopies ring part own_line copy are_all_ordinary loadColumns Panel Rows Cols panels",
      "row_entry is_matrix kept_row are_scales_ordinary offset near latest first_two last_two whole_pieces reduce is_present greaterOf anyIsGreat panel group groups left groups_left whole row_lane lane_row first_column next_start stride rows_there turn is_there is_tile column_scale of_columns of_row stacked above end outer first_row dimension bound maxima scales",
      "raiseMaximum maximumOfLanes Chunk entry quad i distance id magnitude maximum source target tile value values T N Lanes",
      "sortKeys sortBitonic presentInLanes keysOfRank KeyPair order sumOfLanes leastOfLanes Neighbours neighboursOfRank key keys rank below within next bit positive repeats run_start atomicAdd atomicMin",
      "stream_tensor stream_high copyTable is_whole of16 threads Line line divide private rows_left Divisor quotient squareRoot bfloat16Of slopeOf factor orderOf a b x y from to root second reciprocal inverse greatest pair codes nearQuotient nearRoot roundBetween sumOfSquares bfloat16PairOf doubt owner again orderOfPositive anyIsSmall all isOrdinary isPositive is_ordinary are_ordinary is_in_row are_columns_ordinary sums least lowest",
      "guess RunPositions nearLogarithm positionsOf positionOf slope offset slack nearest last position distance step logarithm inexact units part prefetch fetchToL2 WarpLines lines swapped neighbour among lineOf new_lines gathered asked ask later each orders floatAt RankedRun RunSpread sortRisen likelyPairOfRank",
      "approximateReciprocal approximateReciprocalRoot always_inline atomicMax fmaxf uint4 uint8_t cfloat cstdint include pragma unroll maybe_unused",
      "static_cast const_cast dynamic_cast reinterpret_cast static_assert thread_local co_await co_return co_yield",
      "char8_t char16_t char32_t and_eq or_eq xor_eq not_eq",
      // Macros of the C library and of GNU's C++.
      "NULL NAN INFINITY HUGE_VAL EOF errno assert stdin stdout stderr linux unix",
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
