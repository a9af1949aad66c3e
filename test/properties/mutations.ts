import { bind } from "../../generator/bind/index.js";
import { build } from "../../generator/build/index.js";
import type { Compiler } from "../../generator/cli/compile/compiler.js";
import type { Subject } from "../../generator/cli/fuzz/trajectory.js";
import { instantiate } from "../../generator/cli/instantiate.js";
import type { Expr, Fragment, HalfScale, Kernel, KernelState } from "../../generator/ir/types.js";
import { render } from "../../generator/render/index.js";
import { resolve } from "../../generator/resolve.js";
import { targets } from "../../templates/index.js";
import { subjectOf } from "./harness.js";

/** A mistake that somebody could make in the compiler. */
export interface Mutation {
  readonly name: string;
  readonly apply: (kernel: Kernel) => Kernel;
}

type Change = (expr: Expr) => Expr;

const constant = (type: "f32" | "u32" | "bool", value: number): Expr => ({ kind: "constant", type, value });

function changeExpr(expr: Expr, change: Change): Expr {
  switch (expr.kind) {
    case "op":
      return change({ ...expr, args: expr.args.map((argument) => changeExpr(argument, change)) });
    case "lookup":
      return change({ ...expr, index: changeExpr(expr.index, change) });
    default:
      return change(expr);
  }
}

function changeFragment<F extends Fragment | null>(fragment: F, change: Change): F {
  if (fragment === null) return fragment;
  const body = fragment.body.map((step) => ({ ...step, value: changeExpr(step.value, change) }));
  return { ...fragment, body };
}

const inUpdate = (name: string, change: Change): Mutation => ({
  name,
  apply: (kernel) =>
    !("update" in kernel) ? kernel : { ...kernel, update: changeFragment(kernel.update, change) },
});

const inStates = (name: string, change: (state: KernelState, kernel: Kernel) => KernelState): Mutation => ({
  name,
  apply: (kernel) => ({ ...kernel, states: kernel.states.map((state) => change(state, kernel)) }),
});

const inTables = (
  name: string,
  suffix: string,
  change: (values: readonly number[]) => readonly number[],
): Mutation => ({
  name,
  apply: (kernel) => ({
    ...kernel,
    tables: kernel.tables.map((table) =>
      table.name.endsWith(suffix) ? { ...table, values: change(table.values) } : table,
    ),
  }),
});

const uniform =
  (name: string, value: number): Change =>
  (expr) =>
    expr.kind === "variable" && expr.name === name ? constant("f32", value) : expr;
const shifted = (values: readonly number[]): readonly number[] =>
  values.map((value, index) => values[index + 1] ?? value);

/** Of a spec that rounds to the nearest. */
export const nearestMutations: readonly Mutation[] = [
  inTables("thresholds shifted by one", "_thresholds", shifted),
  inTables("levels shifted by one", "_levels", shifted),
  inUpdate("eps dropped", uniform("eps", 0)),
  inUpdate("bias correction dropped", uniform("one_minus_beta2_pow_t", 1)),
  inUpdate("weight decay dropped", uniform("lr_weight_decay", 0)),
  inUpdate("elements that are not finite are not held", (expr) =>
    expr.kind === "op" && expr.op === "f32.select" ? (expr.args[1] as Expr) : expr,
  ),
  inUpdate("a product more", (expr) =>
    expr.kind === "op" && expr.op === "f32.sqrt"
      ? { ...expr, op: "f32.mul", args: [expr.args[0] as Expr, expr.args[0] as Expr] }
      : expr,
  ),
  inStates("the sign is not taken off before the maximum", (state) => {
    const change: Change = (expr) =>
      expr.kind === "op" && expr.op === "f32.abs" ? (expr.args[0] as Expr) : expr;
    const { statistic } = state;
    return statistic === null
      ? state
      : { ...state, statistic: { ...statistic, magnitude: changeFragment(statistic.magnitude, change) } };
  }),
];

/** Of a spec that rounds at random, with codes that go over the end of a word. */
export const stochasticMutations: readonly Mutation[] = [
  inStates("always up", (state) => ({
    ...state,
    encode: changeFragment(state.encode, (expr) =>
      expr.kind === "op" && expr.op === "f32.lt" ? constant("bool", 1) : expr,
    ),
  })),
  inStates("the same random words in every tensor", (state, { variables }) => ({
    ...state,
    stream: changeFragment(state.stream, (expr) =>
      expr.kind === "variable" && expr.name === variables.tensorId.name ? constant("u32", 0) : expr,
    ),
  })),
  inTables("gaps of the level above", "_gaps", shifted),
  inStates("a code is cut at the end of its word", (state) => {
    const { pack, variables } = state;
    if (pack === null) return state;
    const body = pack.body.map((step) =>
      step.name === variables.high.name ? { ...step, value: constant("u32", 0) } : step,
    );
    return { ...state, pack: { ...pack, body } };
  }),
];

const inHalfScales = (
  name: string,
  change: (half: HalfScale, state: KernelState) => HalfScale,
  inScale: Change = (expr) => expr,
): Mutation =>
  inStates(name, (state) => {
    const { statistic } = state;
    if (statistic === null || statistic.half === null) return state;
    const scale = changeFragment(statistic.scale, inScale);
    return { ...state, statistic: { ...statistic, scale, half: change(statistic.half, state) } };
  });

const replaced =
  (type: "f32" | "u32", from: number, to: number): Change =>
  (expr) =>
    expr.kind === "constant" && expr.type === type && expr.value === from ? constant(type, to) : expr;
const notSquared: Change = (expr) =>
  expr.kind === "op" && expr.op === "f32.mul" ? (expr.args[0] as Expr) : expr;

/** Of a spec whose scales are float16, some of them roots. */
export const halfScaleMutations: readonly Mutation[] = [
  inHalfScales("scales cut off, not rounded", (half) => half, replaced("u32", 0xfff, 0)),
  inHalfScales("scales that become infinite", (half) => half, replaced("f32", 65504, 2 ** 127)),
  inHalfScales("roots that are not squared", (half) => ({
    ...half,
    decode: changeFragment(half.decode, notSquared),
  })),
  inHalfScales("both scales of a word in its low half", (half, { variables }) => ({
    ...half,
    pack: changeFragment(half.pack, (expr) =>
      expr.kind === "variable" && expr.name === variables.scaleShift.name ? constant("u32", 0) : expr,
    ),
  })),
  inHalfScales("the wrong scale of a word read", (half) => ({
    ...half,
    unpack: changeFragment(half.unpack, replaced("u32", 0xffff, 0xffff0000)),
  })),
];

/** Of a spec with `math: fast`: what a processor gives quickly, and nobody has made exact enough. */
export const fastMutations: readonly Mutation[] = [
  inUpdate("quotients by a reciprocal of 12 bits", (expr) => {
    if (expr.kind !== "op" || expr.op !== "f32.div") return expr;
    const [a, b] = expr.args as readonly [Expr, Expr];
    const inverse: Expr = { ...expr, args: [constant("f32", 1), b] };
    const bits: Expr = { kind: "op", type: "u32", op: "f32.bits", args: [inverse] };
    const leading: Expr = {
      kind: "op",
      type: "u32",
      op: "u32.and",
      args: [bits, constant("u32", 0xfffff000)],
    };
    const rough: Expr = { kind: "op", type: "f32", op: "f32.from_bits", args: [leading] };
    return { ...expr, op: "f32.mul", args: [a, rough] };
  }),
  inUpdate("square roots with the last four bits cut off", (expr) => {
    if (expr.kind !== "op" || expr.op !== "f32.sqrt") return expr;
    const bits: Expr = { kind: "op", type: "u32", op: "f32.bits", args: [expr] };
    const leading: Expr = {
      kind: "op",
      type: "u32",
      op: "u32.and",
      args: [bits, constant("u32", 0xfffffff0)],
    };
    return { kind: "op", type: "f32", op: "f32.from_bits", args: [leading] };
  }),
];

/**
 * A package with the mistake in its kernels, to be judged by the kernels without it.
 *
 * @param compilers for devices that run compiled kernels
 */
export async function mutate(
  text: string,
  { apply }: Mutation,
  compilers: readonly Compiler[] = [],
): Promise<Subject> {
  const resolved = resolve(text);
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.diagnostics));
  const plan = resolved.value;
  const kernels = build(plan).map(apply);
  const runnable = targets.filter(({ module }) => module !== null);
  const sources = runnable.flatMap((target) => render(kernels, plan, target));
  const files = [...sources, ...bind(plan, runnable, sources)];
  const wrong = await instantiate({ plan, kernels, files }, compilers);
  return { ...(await subjectOf(text)), Optimizer: wrong.Optimizer, descriptor: wrong.descriptor };
}
