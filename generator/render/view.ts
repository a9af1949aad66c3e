import { prune } from "../ir/prune.js";
import type { Kernel, KernelState, Table, Variable } from "../ir/types.js";
import { namesRead } from "../ir/uses.js";
import { fragmentsOf } from "../ir/verify.js";
import type { Dialect } from "../print/dialect.js";
import { neededHelpers, printFragment, printName, shortestFloat } from "../print/index.js";
import type { Target } from "../target.js";

/** What templates see of a kernel: names, numbers, yes or no, and finished lines of code. */
export type KernelView = ReturnType<typeof kernelView>;

export function kernelView(kernel: Kernel, target: Target) {
  const { dialect } = target;
  const name = ({ name }: Variable): string => printName(name, dialect);
  const granule = granuleOf(kernel, target);
  const granules = kernel.tile / granule;
  const threads = Math.min(granules, target.capabilities.threads);
  const rounds = Math.ceil(granules / threads);
  const [parameter] = kernel.update.outputs;
  const common = {
    index: name(kernel.variables.index),
    element: name(kernel.variables.element),
    elementHigh: name(kernel.variables.elementHigh),
    tensorId: name(kernel.variables.tensorId),
    tile: kernel.tile,
    granule,
  };
  const states = kernel.states.map((state, index) => ({
    ...common,
    ...stateView(state, kernel, granule, target),
    description: kernel.doc[index + 1] ?? "",
  }));
  const fragments = fragmentsOf(kernel);
  const needs = neededHelpers(fragments, dialect);
  const read = namesRead(fragments);

  return {
    name: kernel.name,
    doc: kernel.doc,
    isStep: kernel.kind === "step",
    ...common,
    granules,
    threads,
    rounds,
    /** Whether some thread has no granule in the last round. */
    isSeveralRounds: rounds > 1,
    ragged: rounds * threads !== granules,
    /** Elements that one thread owns. */
    owned: rounds * granule,
    uniforms: kernel.uniforms.map(({ name: uniform, type }) => ({
      field: uniform,
      name: printName(uniform, dialect),
      type: dialect.types[type],
      isKey: type === "u32",
      isRead: read.has(uniform),
    })),
    newParameter: parameter === undefined ? "" : name(parameter),
    updateLines: printFragment(kernel.update, dialect),
    states,
    /** Some state's statistics are measured here, so that elements are visited twice. */
    twoPhases: kernel.kind === "step" && states.some(({ isTile }) => isTile),
    anyPacked: states.some(({ isPacked }) => isPacked),
    /** The arrays of a tensor that the kernel finds, in the order of its record. */
    fields: ["p", "g", ...states.flatMap(({ fields }) => fields)],
    anyShared: kernel.kind === "step" && states.some(({ isShared }) => isShared),
    anyStream: states.some(({ isStochastic }) => isStochastic),
    anyGlobal: states.some(({ isGlobal }) => isGlobal),
    tables: tableViews(kernel.tables, dialect),
    needsBits: needs.has("bits"),
    needsFromBits: needs.has("fromBits"),
    needsWord: needs.size > 0,
  };
}

/** A thread's share: a multiple of the plan's granule of the size the target asks for, where tiles divide so. */
function granuleOf(kernel: Kernel, { capabilities }: Target): number {
  let granule = kernel.granule;
  while (granule < capabilities.granule) granule *= 2;
  return kernel.tile % granule === 0 ? granule : kernel.granule;
}

/** How many threads own a run, where they are a power of two and neighbours in one exchange. */
function lanesOf(threads: number, { capabilities }: Target): number {
  return threads >= 1 && threads <= capabilities.lanes && Number.isInteger(Math.log2(threads)) ? threads : 0;
}

function stateView(state: KernelState, kernel: Kernel, granule: number, target: Target) {
  const { dialect } = target;
  const { variables, statistic } = state;
  const isPacked = state.locate !== null;
  const run = statistic?.run ?? "tensor";
  const isTile = statistic?.source === "tile";
  const words = (granule * state.bits) / 32;
  const lanes = isTile && run !== "tensor" ? lanesOf(run / granule, target) : 0;
  return {
    ...Object.fromEntries(
      Object.entries(variables).map(([role, { name }]) => [role, printName(name, dialect)]),
    ),
    /** The state's own name, of which its arrays' names are made. */
    state: state.name,
    isPlain: !isPacked,
    isPacked,
    array: isPacked && state.bits !== 16 ? `${state.name}_codes` : state.name,
    /** That array, or where it begins, in the code. */
    data: isPacked && state.bits !== 16 ? `${state.name}_codes` : `${state.name}_data`,
    hasScale: statistic !== null,
    /** Whether this kernel measures it. */
    hasMaximum: kernel.kind === "step" ? isTile : statistic?.source === "global",
    fields: [
      isPacked && state.bits !== 16 ? `${state.name}_codes` : state.name,
      ...(statistic === null ? [] : [`${state.name}_scale`]),
      ...(statistic?.source === "global" ? [`${state.name}_next`] : []),
    ],
    isTile,
    isGlobal: statistic?.source === "global",
    isTensor: run === "tensor",
    run: run === "tensor" ? 0 : run,
    /** Runs that a tile holds. */
    runs: isTile && run !== "tensor" ? kernel.tile / run : 0,
    /** Threads that own one run and exchange its maximum among themselves; 0 where they need shared memory. */
    lanes,
    isLanes: lanes > 0,
    isShared: isTile && lanes === 0,
    isOneRun: isTile && kernel.tile === run,
    /** Whether a granule lies within one run. */
    granuleInRun: run === "tensor" || run % granule === 0,
    isStochastic: state.stream !== null,
    straddles: state.straddles,
    bits: state.bits,
    words,
    isOneWord: words === 1,
    /** Room for the part of a last code that does not exist. */
    wordsAndRest: words + (state.straddles ? 1 : 0),
    locateLines: printFragment(state.locate, dialect),
    unpackLines: printFragment(state.unpack, dialect),
    decodeLines: printFragment(state.decode, dialect),
    magnitudeLines: printFragment(statistic?.magnitude ?? null, dialect),
    scaleLines: printFragment(statistic?.scale ?? null, dialect),
    /** The part of it that stores the scale. */
    newScaleLines: printFragment(
      statistic === null ? null : prune(statistic.scale, [variables.newScale]),
      dialect,
    ),
    inverseLines: printFragment(
      statistic === null ? null : prune(statistic.scale, [variables.inverse]),
      dialect,
    ),
    streamLines: printFragment(state.stream, dialect),
    encodeLines: printFragment(state.encode, dialect),
    packLines: printFragment(state.pack, dialect),
  };
}

function tableViews(tables: readonly Table[], dialect: Dialect) {
  let offset = 0;
  return tables.map(({ name, type, values }) => {
    const isFloat = type === "f32";
    const view = {
      name,
      offset,
      isFloat,
      count: values.length,
      rows: rowsOf(values.map(isFloat ? shortestFloat : String), isFloat ? 8 : 32),
      literalRows: rowsOf(values.map(isFloat ? dialect.constants.f32 : String), isFloat ? 8 : 32),
    };
    offset += values.length;
    return view;
  });
}

function rowsOf(values: readonly string[], each: number): string[] {
  const count = Math.ceil(values.length / each);
  return Array.from(
    { length: count },
    (_, row) => `${values.slice(row * each, (row + 1) * each).join(", ")},`,
  );
}
