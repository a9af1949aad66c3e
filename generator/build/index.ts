import { typed } from "../ir/expr.js";
import { prune } from "../ir/prune.js";
import type {
  Expr,
  Fragment,
  Kernel,
  KernelShape,
  KernelState,
  KernelVariables,
  StateVariables,
  Table,
  Variable,
} from "../ir/types.js";
import { fragmentsOf, verify } from "../ir/verify.js";
import type {
  CodecPlan,
  Dtype,
  DtypePlan,
  ElementPass,
  FoldPass,
  PassPlan,
  Plan,
  QuantizedCodec,
  SweepPass,
  VariantPlan,
  VariantState,
} from "../lower/plan.js";
import { correctionName, namesOfState } from "../names.js";
import { buildDecode, buildEncode, segmentsOf, tablesOf } from "./codec.js";
import { buildFold, buildSweep } from "./fold.js";
import { buildHalfDecode, buildHalfEncode } from "./half.js";
import { buildLogDecode, buildLogEncode, buildSpread } from "./log-codec.js";
import { Names } from "./names.js";
import { buildPacking } from "./packing.js";
import { buildOperands, type Operands, plainStorage } from "./parameter.js";
import { buildStream } from "./random.js";
import { buildStatistic } from "./scale.js";
import { buildUpdate } from "./update.js";
import { stateVariables } from "./variables.js";
import { Vectors } from "./vectors.js";

/** One kernel a pass of each variant, for each pair of dtypes. */
export function build(plan: Plan): Kernel[] {
  return plan.dtypes.flatMap((dtypes) =>
    plan.variants.flatMap((variant) =>
      variant.passes.map((pass) =>
        verify(
          pass.kind === "fold" || pass.kind === "sweep"
            ? reducingKernel(plan, dtypes, variant, pass)
            : elementKernel(plan, dtypes, variant, pass),
        ),
      ),
    ),
  );
}

function elementKernel(plan: Plan, dtypes: DtypePlan, variant: VariantPlan, pass: ElementPass): Kernel {
  const names = namesOf(plan, variant);
  const variables = kernelVariables(names);
  const elements = variant.states.filter(({ shape }) => shape === "element");
  const known = elements.map(({ name }) => stateVariables(name, names));
  const operands = buildOperands(plan, dtypes, variables, variant.granule, pass, names);
  const { parameter, gradient } = operands;
  const vectors = new Vectors(plan, variant, pass.kernel, "element", names);
  const outputs = [parameter.variables, ...known].map(({ value }) => value);
  const whole = buildUpdate(
    plan,
    known.map(({ old }) => old),
    outputs,
    vectors,
    names,
  );
  const update = pass.kind === "step" ? whole : prune(whole, valuesOf(pass.globalStates, known));
  const tables: Table[] = [];
  const states = elements.flatMap((state, index) => {
    const own = known[index] as StateVariables;
    const isRead = pass.kind === "step" || update.inputs.some(({ name }) => name === state.name);
    return isRead ? [buildState(state, own, variables, variant.granule, pass, tables, names)] : [];
  });
  const kernel: Kernel = {
    name: `${pass.kernel}${dtypes.suffix}`,
    kind: pass.kind,
    doc: docOf(plan, dtypes, variant, pass),
    granule: variant.granule,
    tile: variant.tile,
    variables,
    uniforms: uniformsOf(plan),
    parameter,
    gradient,
    update,
    states: [...states, ...correctionFor(update, operands)],
    tables,
    vectors: vectors.needed(update),
  };
  return withUsedTables(kernel);
}

/** The second part of the parameter, where a kernel reads the first. */
function correctionFor({ inputs }: Fragment, { correction }: Operands): KernelState[] {
  return correction !== null && inputs.some(({ name }) => name === "p") ? [correction] : [];
}

function reducingKernel(
  plan: Plan,
  dtypes: DtypePlan,
  variant: VariantPlan,
  pass: FoldPass | SweepPass,
): Kernel {
  const names = namesOf(plan, variant);
  const variables = kernelVariables(names);
  const parts =
    pass.kind === "fold"
      ? ({ kind: pass.kind, ...buildFold(plan, variant, pass, names) } as const)
      : ({ kind: pass.kind, ...buildSweep(plan, variant, pass, names) } as const);
  const tables: Table[] = [];
  const states = variant.states
    .filter(
      ({ name, shape }) => shape === "element" && parts.terms.inputs.some((input) => input.name === name),
    )
    .map((state) => {
      const own = stateVariables(state.name, names);
      return buildState(state, own, variables, variant.granule, pass, tables, names);
    });
  const operands = buildOperands(plan, dtypes, variables, variant.granule, pass, names);
  const { parameter, gradient } = operands;
  const name = `${pass.kernel}${dtypes.suffix}`;
  const doc = pass.kind === "fold" ? foldDoc(plan, pass) : sweepDoc(plan, pass);
  const common = { name, doc, variables, uniforms: uniformsOf(plan), parameter, gradient };
  return withUsedTables({
    ...common,
    ...parts,
    granule: variant.granule,
    states: [...states, ...correctionFor(parts.terms, operands)],
    tables,
  });
}

function namesOf(plan: Plan, variant: VariantPlan): Names {
  return new Names([
    ...["p", "g", correctionName].flatMap((name) => [name, ...namesOfState(name)]),
    ...plan.states.flatMap(({ name }) => [name, ...namesOfState(name)]),
    ...plan.uniforms.map(({ name }) => name),
    ...variant.scratch.map(({ name }) => `${name}_values`),
  ]);
}

function kernelVariables(names: Names): KernelVariables {
  return {
    index: typed(names.fresh("index"), "u32"),
    element: typed(names.fresh("element"), "u32"),
    elementHigh: typed(names.fresh("element_high"), "u32"),
    tensorId: typed(names.fresh("tensor_id"), "u32"),
  };
}

function uniformsOf(plan: Plan): Variable[] {
  const keys = plan.streams.flatMap(({ state }) => [
    typed(`${state}_key0`, "u32"),
    typed(`${state}_key1`, "u32"),
  ]);
  return [...plan.uniforms.map(({ name }) => typed(name, "f32")), ...keys];
}

function withUsedTables(kernel: Kernel): Kernel {
  const used = lookedUp(kernel);
  return { ...kernel, tables: kernel.tables.filter(({ name }) => used.has(name)) };
}

function buildState(
  { name, codec }: VariantState,
  own: StateVariables,
  kernel: KernelVariables,
  granule: number,
  pass: PassPlan,
  tables: Table[],
  names: Names,
): KernelState {
  const words = (granule * codec.bits) / 32;
  const common = { name, variables: own, bits: codec.bits, words, segments: null };
  if (codec.kind === "f32") return { ...common, ...plainStorage };
  const writes = pass.kind === "step";
  const stream = codec.rounding === "stochastic" && writes ? buildStream(own, kernel, names) : null;
  const packing = buildPacking(own, kernel, codec.bits, names);
  if (codec.kind === "bf16") {
    const decode = buildHalfDecode("bf16", own, names);
    const encode = writes ? buildHalfEncode("bf16", own, kernel, codec.rounding, names) : null;
    return { ...common, ...packing, stream, decode, encode, statistic: null };
  }

  const run = typeof codec.normalize === "string" ? codec.normalize : codec.normalize.block;
  const isGlobal =
    pass.kind === "fold" || pass.kind === "sweep"
      ? typeof run === "string"
      : pass.globalStates.includes(name);
  const source = isGlobal ? "global" : "tile";
  if (codec.kind === "log") {
    const decode = buildLogDecode(own, codec, names);
    const encode = writes ? buildLogEncode(own, kernel, codec, names) : null;
    const statistic = buildStatistic(own, codec, source, names);
    const spread = writes ? buildSpread(own, kernel, codec, names) : null;
    return { ...common, ...packing, stream, decode, encode, statistic: { ...statistic, spread } };
  }

  const codecTables = tablesOf(name, codec);
  tables.push(...Object.values(codecTables));
  return {
    ...common,
    ...packing,
    stream,
    decode: buildDecode(own, codecTables, names),
    encode: writes ? buildEncode(own, kernel, codec, codecTables, names) : null,
    segments: writes ? segmentsOf(codec) : null,
    statistic: buildStatistic(own, codec, source, names),
  };
}

function foldDoc(plan: Plan, { from, to, reductions, states }: FoldPass): string[] {
  const names = [...reductions, ...states].map((statement) => plan.rule[statement]?.target ?? "").join(", ");
  const each = to.per > 1 ? `run of ${to.per}` : nameOfShape[to.shape];
  if (reductions.length === 0) return [`The new ${names}, one value a ${each}.`];
  const unfinished = from.cut === undefined ? `runs of ${from.per}` : `parts of ${from.cut}`;
  const isUnfinished = from.per > 1 || from.cut !== undefined;
  const what = isUnfinished ? unfinished : `${nameOfShape[from.shape]}s`;
  return [`${names} of each ${each}, from its ${what}.`];
}

function sweepDoc(plan: Plan, { reductions, cut }: SweepPass): string[] {
  const named = reductions.map((statement) => plan.rule[statement]?.target ?? "").join(", ");
  return [`${named} of the elements, by parts of ${cut}.`];
}

const nameOfShape = {
  element: "element",
  row: "row",
  col: "column",
  matrix: "matrix",
  tensor: "tensor",
} as const;

function docOf(plan: Plan, dtypes: DtypePlan, variant: VariantPlan, pass: ElementPass): string[] {
  const kept = variant.states.map(({ name, shape, codec }) => `${name}: ${describeState(shape, codec)}`);
  const what =
    pass.kind === "measure"
      ? `Measures the scales of ${pass.globalStates.join(", ")} for the step that follows.`
      : `One step of ${plan.title}.`;
  return [what, ...kept, ...describeDtypes(plan, dtypes)];
}

/** Nothing of float32, which is how everything is where nothing is said. */
function describeDtypes({ parameter }: Plan, { param, grad }: DtypePlan): string[] {
  if (param === "f32") return grad === "f32" ? [] : [`p: float32, g: ${dtypeNames[grad]}`];
  return [`p: ${describeParameter(param, parameter)}, g: ${dtypeNames[grad]}`];
}

export const dtypeNames: Readonly<Record<Dtype, string>> = {
  f32: "float32",
  bf16: "bfloat16",
  f16: "float16",
};

export function describeParameter(dtype: Dtype, { rounding, master }: Plan["parameter"]): string {
  if (dtype === "f32") return dtypeNames.f32;
  const split = master === null ? "" : ` and a correction of ${master - 16} bits`;
  return `${dtypeNames[dtype]}${split}${rounding === "nearest" ? "" : ", stochastic rounding"}`;
}

export function describeState(shape: KernelShape, codec: CodecPlan): string {
  return `${describeCodec(codec)}${shape === "element" ? "" : `, one value a ${nameOfShape[shape]}`}`;
}

const scaleNames = { f32: "scale", f16: "float16 scale", bf16: "bfloat16 scale" } as const;

export function describeCodec(codec: CodecPlan): string {
  if (codec.kind === "f32") return "float32";
  const rounding = codec.rounding === "nearest" ? "" : ", stochastic rounding";
  if (codec.kind === "bf16") return `bfloat16${rounding}`;
  return `${codec.bits} bits, ${codec.signed ? "signed" : "unsigned"} ${codec.mapping}, ${describeScales(codec)}${rounding}`;
}

function describeScales({ kind, normalize, scale }: QuantizedCodec): string {
  if (typeof normalize === "object")
    return `one ${scaleNames[scale]}${kind === "log" ? " and alpha" : ""} a block of ${normalize.block}`;
  if (normalize === "rank1") return "rank-1 scales";
  return `one scale a ${normalize === "col" ? "column" : normalize}`;
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
