import { typed } from "../ir/expr.js";
import { prune } from "../ir/prune.js";
import type {
  Expr,
  Fragment,
  Kernel,
  KernelState,
  KernelVariables,
  StateVariables,
  Table,
} from "../ir/types.js";
import { fragmentsOf, verify } from "../ir/verify.js";
import type { CodecPlan, PassPlan, Plan, VariantPlan } from "../lower/plan.js";
import { namesOfState } from "../names.js";
import { buildBfloat16Decode, buildBfloat16Encode } from "./bfloat16.js";
import { buildDecode, buildEncode, buildStatistic, tablesOf } from "./codec.js";
import { Names } from "./names.js";
import { buildPacking } from "./packing.js";
import { buildStream } from "./random.js";
import { buildUpdate } from "./update.js";
import { stateVariables } from "./variables.js";

/** One kernel a pass of each variant. */
export function build(plan: Plan): Kernel[] {
  return plan.variants.flatMap((variant) =>
    variant.passes.map((pass) => verify(buildKernel(plan, variant, pass))),
  );
}

function buildKernel(plan: Plan, variant: VariantPlan, pass: PassPlan): Kernel {
  const keys = plan.streams.flatMap(({ state }) => [
    typed(`${state}_key0`, "u32"),
    typed(`${state}_key1`, "u32"),
  ]);
  const names = new Names([
    ...["p", "g"],
    ...plan.states.flatMap(({ name }) => [name, ...namesOfState(name)]),
    ...plan.uniforms.map(({ name }) => name),
  ]);
  const variables = {
    index: typed(names.fresh("index"), "u32"),
    element: typed(names.fresh("element"), "u32"),
    elementHigh: typed(names.fresh("element_high"), "u32"),
    tensorId: typed(names.fresh("tensor_id"), "u32"),
  } as const;
  const known = variant.states.map(({ name }) => stateVariables(name, names));
  const newParameter = typed(names.fresh("p_out"), "f32");
  const whole = buildUpdate(plan, [newParameter, ...known.map(({ value }) => value)], names);
  const update = pass.kind === "step" ? whole : prune(whole, valuesOf(pass.globalStates, known));
  const tables: Table[] = [];
  const states = variant.states.flatMap((state, index) => {
    const own = known[index] as StateVariables;
    const isRead = pass.kind === "step" || update.inputs.some(({ name }) => name === state.name);
    return isRead ? [buildState(state.name, state.codec, own, variables, variant, pass, tables, names)] : [];
  });
  const kernel: Kernel = {
    name: pass.kernel,
    kind: pass.kind,
    doc: docOf(plan, variant, pass),
    granule: variant.granule,
    tile: variant.tile,
    variables,
    uniforms: [...plan.uniforms.map(({ name }) => typed(name, "f32")), ...keys],
    update,
    states,
    tables,
  };
  const used = lookedUp(kernel);
  return { ...kernel, tables: tables.filter(({ name }) => used.has(name)) };
}

function buildState(
  name: string,
  codec: CodecPlan,
  own: StateVariables,
  kernel: KernelVariables,
  variant: VariantPlan,
  pass: PassPlan,
  tables: Table[],
  names: Names,
): KernelState {
  const common = { name, variables: own, bits: codec.bits, words: (variant.granule * codec.bits) / 32 };
  if (codec.kind === "f32") {
    const none = {
      decode: null,
      encode: null,
      statistic: null,
      stream: null,
      locate: null,
      unpack: null,
      pack: null,
    };
    return { ...common, ...none, straddles: false };
  }
  const writes = pass.kind === "step";
  const stream = codec.rounding === "stochastic" && writes ? buildStream(own, kernel, names) : null;
  const packing = buildPacking(own, kernel, codec.bits, names);
  if (codec.kind === "bf16") {
    const decode = buildBfloat16Decode(own, names);
    const encode = writes ? buildBfloat16Encode(own, kernel, codec.rounding, names) : null;
    return { ...common, ...packing, stream, decode, encode, statistic: null };
  }

  const codecTables = tablesOf(name, codec);
  tables.push(codecTables.levels, codecTables.search, codecTables.bases, codecTables.gaps);
  const run = codec.normalize === "tensor" ? "tensor" : codec.normalize.block;
  const source = pass.globalStates.includes(name) ? "global" : "tile";
  return {
    ...common,
    ...packing,
    stream,
    decode: buildDecode(own, codecTables, names),
    encode: writes ? buildEncode(own, kernel, codec, codecTables, names) : null,
    statistic: buildStatistic(own, run, source, names),
  };
}

function docOf(plan: Plan, variant: VariantPlan, pass: PassPlan): string[] {
  const kept = variant.states.map(({ name, codec }) => `${name}: ${describeCodec(codec)}`);
  const what =
    pass.kind === "measure"
      ? `Measures the scales of ${pass.globalStates.join(", ")} for the step that follows.`
      : `One step of ${plan.title}.`;
  return [what, ...kept];
}

export function describeCodec(codec: CodecPlan): string {
  if (codec.kind === "f32") return "float32";
  const rounding = codec.rounding === "nearest" ? "" : ", stochastic rounding";
  if (codec.kind === "bf16") return `bfloat16${rounding}`;
  const run = codec.normalize === "tensor" ? "tensor" : `block of ${codec.normalize.block}`;
  return `${codec.bits} bits, ${codec.signed ? "signed" : "unsigned"} ${codec.mapping}, one scale a ${run}${rounding}`;
}

function valuesOf(states: readonly string[], known: readonly StateVariables[]) {
  return known.filter(({ old }) => states.includes(old.name)).map(({ value }) => value);
}

function lookedUp(kernel: Kernel): Set<string> {
  const used = new Set<string>();
  const visit = (expr: Expr): void => {
    if (expr.kind === "lookup") {
      used.add(expr.table);
      visit(expr.index);
    }
    if (expr.kind === "op") expr.args.forEach(visit);
  };
  const inFragment = ({ body }: Fragment): void => body.forEach(({ value }) => visit(value));
  fragmentsOf(kernel).forEach(inFragment);
  return used;
}
