import type { KernelShape } from "../rule/types.js";
import { scaleBits } from "./codecs.js";
import { closureOf, lastAssignments, type Source, sourcesOf } from "./dependencies.js";
import { type Fold, foldsOf, isLine } from "./folds.js";
import type { Extent, FoldPass, PassPlan, RuleStatement, ScratchPlan, VariantState } from "./plan.js";

/** Sums over a tensor are taken in runs of so many, then in runs of so many of those, then of the rest. */
const RUN = 1024;
/** Elements are summed to rows and columns in squares of so many. */
const SQUARE = 128;
/** Entries of a fold that a workgroup owns. */
export const ENTRIES = 64;

export interface Schedule {
  readonly passes: readonly PassPlan[];
  readonly scratch: readonly ScratchPlan[];
}

/** The passes of one step: what the rule reduces, what must be measured over whole tensors, the step itself. */
export function schedule(
  rule: readonly RuleStatement[],
  states: readonly VariantState[],
  suffix: string,
  tileStates: readonly string[],
  globalStates: readonly string[],
): Schedule {
  const reads = new Reads(rule, states);
  const folds = foldsOf(rule);
  const last = lastAssignments(rule);
  const valuesOf = (names: readonly string[]): Source[] => names.map((name) => last.get(name) ?? name);
  const elements = states.filter(({ shape }) => shape === "element").map(({ name }) => name);
  const ofMeasure = valuesOf(globalStates);
  const ofStep: Source[] = ["g", "p", ...elements, ...valuesOf(["p", ...elements])];
  const roots = [...folds.map(({ reductions, states: own }) => [...reductions, ...own]), ofMeasure, ofStep];
  const given = new Set<number>();
  const passes: PassPlan[] = [];
  const scratch: ScratchPlan[] = [];
  for (const [index, fold] of folds.entries()) {
    const bytesRead = reads.bytes(roots[index] as number[], given);
    for (const statement of [...fold.reductions, ...fold.states]) given.add(statement);
    const later = reads.of(roots.slice(index + 1).flat(), given);
    const kept = fold.reductions.filter((statement) => later.has(statement));
    const name = folds.length > 1 ? `reduce${index + 1}` : "reduce";
    passes.push(...foldPasses(`${name}${suffix}`, rule, fold, kept, bytesRead));
    scratch.push(...scratchOf(rule, fold, kept));
  }
  if (globalStates.length > 0) {
    const bytesRead = reads.bytes(ofMeasure, given);
    const kernel = `measure${suffix}`;
    passes.push({ kind: "measure", kernel, tileStates, globalStates, bytesRead, bytesWritten: 0 });
  }
  passes.push({
    kind: "step",
    kernel: `step${suffix}`,
    tileStates,
    globalStates,
    bytesRead: reads.bytes(ofStep, given),
    bytesWritten: 4 + elements.reduce((bytes, name) => bytes + reads.bytesOf(name), 0),
  });
  return { passes, scratch };
}

function foldPasses(
  kernel: string,
  rule: readonly RuleStatement[],
  fold: Fold,
  kept: readonly number[],
  bytesRead: number,
): PassPlan[] {
  const { domain, entries, reductions, states } = fold;
  const entry = entries[0] as KernelShape;
  const pass = { kind: "fold", reductions, kept, bytesWritten: 0 } as const;
  const from: Extent = { shape: domain, per: 1 };
  const to: Extent = { shape: entry, per: 1 };
  if (isSwept(fold)) {
    const sweep = { kind: "sweep", kernel: `${kernel}_squares`, cut: SQUARE, reductions } as const;
    return [{ ...sweep, bytesRead, bytesWritten: 0 }, ...lineFolds(kernel, rule, fold, kept)];
  }
  if (entry !== "tensor" || reductions.length === 0)
    return [{ ...pass, kernel, from, to, states, bytesRead }];
  const runs: Extent = { shape: domain, per: RUN };
  const runsOfRuns: Extent = { shape: domain, per: RUN * RUN };
  return [
    { ...pass, kernel: `${kernel}_runs`, from, to: runs, states: [], bytesRead },
    { ...pass, kernel: `${kernel}_runs2`, from: runs, to: runsOfRuns, states: [], bytesRead: 0 },
    { ...pass, kernel, from: runsOfRuns, to, states, bytesRead: 0 },
  ];
}

function isSwept({ domain, entries, reductions }: Fold): boolean {
  return domain === "element" && reductions.length > 0 && entries.every(isLine);
}

/** From the parts of rows to rows, and from those of columns to columns. */
function lineFolds(
  kernel: string,
  rule: readonly RuleStatement[],
  { entries, reductions, states }: Fold,
  kept: readonly number[],
): FoldPass[] {
  return entries.map((shape) => {
    const isOwn = (statement: number): boolean => rule[statement]?.shape === shape;
    return {
      kind: "fold",
      kernel: entries.length > 1 ? `${kernel}_${shape}s` : kernel,
      from: { shape, per: 1, cut: SQUARE },
      to: { shape, per: 1 },
      reductions: reductions.filter(isOwn),
      kept: kept.filter(isOwn),
      states: states.filter(isOwn),
      bytesRead: 0,
      bytesWritten: 0,
    };
  });
}

function scratchOf(rule: readonly RuleStatement[], fold: Fold, kept: readonly number[]): ScratchPlan[] {
  const { domain, entries, reductions, states } = fold;
  const nameOf = (statement: number): string => rule[statement]?.target ?? "";
  const extentOf = (statement: number): Extent => ({
    shape: rule[statement]?.shape as KernelShape,
    per: 1,
  });
  const unfinished = reductions.flatMap((statement): ScratchPlan[] => {
    const name = nameOf(statement);
    if (isSwept(fold)) return [{ name: partsOf(name), extent: { ...extentOf(statement), cut: SQUARE } }];
    if (entries[0] !== "tensor") return [];
    return [RUN, RUN * RUN].map((per) => ({ name: runsOf(name, per), extent: { shape: domain, per } }));
  });
  return [
    ...unfinished,
    ...kept.map((statement) => ({ name: nameOf(statement), extent: extentOf(statement) })),
    ...states.map((statement) => ({ name: `${nameOf(statement)}_next`, extent: extentOf(statement) })),
  ];
}

/** The array that holds what the parts of rows or columns come to. */
export function partsOf(reduction: string): string {
  return `${reduction}_parts`;
}

/** The array that holds a reduction where it is not finished yet. */
export function runsOf(reduction: string, per: number): string {
  return per === RUN ? `${reduction}_runs` : `${reduction}_runs2`;
}

/** What kernels read; in bytes a parameter, where what is smaller than a tensor does not count. */
class Reads {
  readonly #sources: readonly (readonly Source[])[];
  readonly #states: ReadonlyMap<string, VariantState>;

  constructor(rule: readonly RuleStatement[], states: readonly VariantState[]) {
    this.#sources = sourcesOf(rule);
    this.#states = new Map(states.map((state) => [state.name, state]));
  }

  /** What a kernel must have that computes some statements, where others are given. */
  of(roots: readonly Source[], given: ReadonlySet<number>): Set<Source> {
    return closureOf(roots, this.#sources, (statement) => given.has(statement));
  }

  bytes(roots: readonly Source[], given: ReadonlySet<number>): number {
    return [...this.of(roots, given)].reduce<number>((bytes, source) => bytes + this.bytesOf(source), 0);
  }

  bytesOf(source: Source): number {
    if (source === "p" || source === "g") return 4;
    const state = typeof source === "string" ? this.#states.get(source) : undefined;
    if (state?.shape !== "element") return 0;
    const { codec } = state;
    return (codec.bits + scaleBits(codec)) / 8;
  }
}
