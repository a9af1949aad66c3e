import type { Op } from "../ir/ops.js";
import type {
  FoldKernel,
  Fragment,
  Kernel,
  KernelState,
  SweepKernel,
  Variable,
  VectorInput,
} from "../ir/types.js";
import type { Dialect, Spelling } from "./dialect.js";
import { printFragment, shortestFloat } from "./index.js";

/** The IR in its own words, for readers: `explain --stage ir`. */

const [AND, BITWISE, COMPARE, ADD, MULTIPLY, UNARY, CALL] = [1, 2, 3, 4, 5, 6, 7];
const FREE = 0;
const infix = (operator: string, level: number): Spelling => ({
  text: `$0 ${operator} $1`,
  level,
  args: [level, level + 1],
});
// Shifts and bitwise operators stand in parentheses wherever they meet another operator.
const bitwise = (operator: string): Spelling => ({
  text: `$0 ${operator} $1`,
  level: BITWISE,
  args: [UNARY, UNARY],
});
const call = (name: string): Spelling => ({ text: `${name}($0)`, level: CALL, args: [FREE] });
const select: Spelling = { text: "select($0, $1, $2)", level: CALL, args: [FREE, FREE, FREE] };

const ops = {
  "f32.add": infix("+", ADD),
  "f32.sub": infix("-", ADD),
  "f32.mul": infix("*", MULTIPLY),
  "f32.div": infix("/", MULTIPLY),
  "f32.neg": { text: "-$0", level: UNARY, args: [CALL] },
  "f32.abs": call("abs"),
  "f32.sqrt": call("sqrt"),
  "f32.lt": infix("<", COMPARE),
  "f32.le": infix("<=", COMPARE),
  "f32.gt": infix(">", COMPARE),
  "f32.ge": infix(">=", COMPARE),
  "f32.eq": infix("==", COMPARE),
  "f32.ne": infix("!=", COMPARE),
  "f32.select": select,
  "f32.saturate": call("saturate"),
  "f32.is_finite": call("is_finite"),
  "f32.bits": call("bits"),
  "f32.from_bits": call("from_bits"),
  "f32.leading": { text: "leading($0, $1)", level: CALL, args: [FREE, FREE] },
  "f32.truncate": { text: "truncate($0)", level: CALL, args: [FREE] },
  "f32.from_u32": call("f32"),
  "u32.add": infix("+", ADD),
  "u32.sub": infix("-", ADD),
  "u32.mul": infix("*", MULTIPLY),
  "u32.and": bitwise("&"),
  "u32.or": bitwise("|"),
  "u32.xor": bitwise("xor"),
  "u32.shl": bitwise("<<"),
  "u32.shr": bitwise(">>"),
  "u32.bfloat16": call("bfloat16"),
  "u32.slope": call("slope"),
  "u32.eq": infix("==", COMPARE),
  "u32.ge": infix(">=", COMPARE),
  "u32.gt": infix(">", COMPARE),
  "u32.lt": infix("<", COMPARE),
  "u32.select": select,
  "bool.and": infix("and", AND),
} as const satisfies Record<Op, Spelling>;

const dialect: Dialect = {
  types: { f32: "f32", u32: "u32", bool: "bool" },
  ops,
  ordinary: null,
  lookups: {
    f32: { text: "$0[$1]", level: CALL, args: [CALL, FREE] },
    u32: { text: "$0[$1]", level: CALL, args: [CALL, FREE] },
  },
  constants: {
    f32: shortestFloat,
    u32: (value) => (value > 0xffff ? `0x${value.toString(16)}` : String(value)),
    bool: (value) => (value === 0 ? "false" : "true"),
  },
  declaration: "$0: $1 = $2",
  reserved: new Set(),
};

/** Every kernel with its tables and fragments, one operation tree a line. */
export function printKernels(kernels: readonly Kernel[]): string {
  return kernels.map((kernel) => `${printKernel(kernel).join("\n")}\n`).join("\n");
}

function printKernel(kernel: Kernel): string[] {
  const { name, kind, doc, granule, uniforms, states, tables } = kernel;
  return [
    `kernel ${name} (${kind}, ${formatSize(kernel)}, granule ${granule})`,
    ...doc.map((line) => `  # ${line}`),
    `  uniforms ${list(uniforms)}`,
    ...tables.map(
      ({ name: table, values }) =>
        `  table ${table}: f32[${values.length}] = ${values.map(shortestFloat).join(" ")}`,
    ),
    ...[kernel.parameter, kernel.gradient].filter(({ decode }) => decode !== null).flatMap(printState),
    ...vectorLines(kernel.vectors),
    ...printOwn(kernel),
    ...states.flatMap(printState),
  ];
}

function formatSize(kernel: Kernel): string {
  if (kernel.kind === "sweep") return `squares of ${kernel.cut}`;
  return kernel.kind === "fold"
    ? `${formatExtent(kernel.from)} to ${formatExtent(kernel.to)}`
    : `tile ${kernel.tile}`;
}

function formatExtent({ shape, per, cut }: FoldKernel["from"]): string {
  if (cut !== undefined) return `parts of ${cut} of a ${shape}`;
  return per > 1 ? `${shape}/${per}` : shape;
}

function printOwn(kernel: Kernel): string[] {
  if (kernel.kind === "sweep") return printSweep(kernel);
  return kernel.kind === "fold" ? printFold(kernel) : named("update", kernel.update, "  ");
}

function printSweep({ terms, reductions }: SweepKernel): string[] {
  return [
    ...named("terms", terms, "  "),
    ...reductions.map(
      ({ combine, term, shape, array }) => `  store ${combine} of ${term.name} of each ${shape} in ${array}`,
    ),
  ];
}

function printFold({ terms, reductions, count, finish, entryVectors, stores }: FoldKernel): string[] {
  return [
    ...named("terms", reductions.length === 0 ? null : terms, "  "),
    ...reductions.map(({ result, combine, term }) => `  ${result.name} = ${combine} of ${term.name}`),
    `  ${count.variable.name} = ${count.of}s a ${count.per}`,
    ...vectorLines(entryVectors),
    ...named("finish", finish, "  "),
    ...stores.map(({ array, variable }) => `  store ${variable.name} in ${array}`),
  ];
}

function vectorLines(vectors: readonly VectorInput[]): string[] {
  return vectors.map(({ variable, array, shape }) => `  ${variable.name} = ${array}, one a ${shape}`);
}

function printState(state: KernelState): string[] {
  const { name, bits, words, statistic } = state;
  const stored =
    state.decode === null ? "stored as it is" : `${words} ${words === 1 ? "word" : "words"} a granule`;
  const run = typeof statistic?.run === "string" ? nameOfRun[statistic.run] : `runs of ${statistic?.run}`;
  const where = statistic?.source === "tile" ? "within the tile" : "by an earlier pass";
  return [
    `  state ${name} (${bits} bits, ${stored})`,
    ...(statistic === null ? [] : [`    # maximum over ${run}, measured ${where}`]),
    ...named("locate", state.locate),
    ...named("unpack", state.unpack),
    ...named("decode", state.decode),
    ...named("magnitude", statistic?.magnitude ?? null),
    ...named("scale", statistic?.scale ?? null),
    ...named("locate scale", statistic?.half?.locate ?? null),
    ...named("unpack scale", statistic?.half?.unpack ?? null),
    ...named("decode scale", statistic?.half?.decode ?? null),
    ...named("pack scale", statistic?.half?.pack ?? null),
    ...named("key", statistic?.spread?.order.key ?? null),
    ...named("keyed", statistic?.spread?.order.keyed ?? null),
    ...named("rank", statistic?.spread?.rank ?? null),
    ...named("alpha", statistic?.spread?.alpha ?? null),
    ...named("rate", statistic?.spread?.rate ?? null),
    ...named("rest", statistic?.spread?.positions?.rest ?? null),
    ...named("stream", state.stream),
    ...named("encode", state.encode),
    ...named("pack", state.pack),
  ];
}

const nameOfRun = {
  tensor: "the tensor",
  row: "rows",
  col: "columns",
  rank1: "all other dimensions, a maximum for each index of each dimension",
} as const;

function named(title: string, fragment: Fragment | null, indent = "    "): string[] {
  if (fragment === null) return [];
  const head = `${indent}${title} (${list(fragment.inputs)}) -> (${list(fragment.outputs)})`;
  return [head, ...printFragment(fragment, dialect).map((line) => `${indent}  ${line}`)];
}

function list(variables: readonly Variable[]): string {
  return variables.map(({ name, type }) => `${name}: ${type}`).join(", ");
}
