/** The bytes that a step must move, and the memory that an optimizer takes. */
import type { OptimizerDescriptor, VariantDescriptor } from "../../../runtime/index.js";
import { scratchArrays, stateArrays } from "../../../runtime/layout.js";
import type { Package } from "../../index.js";
import { bitsOfDtype } from "../../lower/dtypes.js";
import { passBytes } from "../explain/dtypes.js";
import type { Tensor } from "./shapes.js";

export interface Bytes {
  /** Read and written; the second part of a parameter in two parts counts as a state. */
  readonly parameters: number;
  /** Read. */
  readonly gradients: number;
  /** Codes, scales and all else that is kept, read and written. */
  readonly states: number;
  /** All of these: what any implementation of the spec moves, and what the fraction of a copy is of. */
  readonly counted: number;
  /** What the passes before the last read on top of that; values of rows, columns and tensors do not count. */
  readonly extraReads: number;
  /** What must fit the device: p, g, states, and what passes leave for later ones. */
  readonly memory: number;
}

type Counts = Omit<Bytes, "counted">;

/** Of one step of a compiled spec, with p and g in the first of its dtypes. */
export function countBytes(
  compiled: Package,
  descriptor: OptimizerDescriptor,
  tensors: readonly Tensor[],
): Bytes {
  const sum = { parameters: 0, gradients: 0, states: 0, extraReads: 0, memory: 0 };
  for (const { shape } of tensors) {
    const own = bytesOfTensor(compiled, descriptor, shape);
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += own[name];
  }
  return { ...sum, counted: sum.parameters + sum.gradients + sum.states };
}

function bytesOfTensor(
  { plan, kernels }: Package,
  descriptor: OptimizerDescriptor,
  shape: readonly number[],
): Counts {
  const length = shape.reduce((product, size) => product * size, 1);
  const dtypes = plan.dtypes[0]!;
  const variant = descriptor.variants.find(
    ({ minSize, minRank }) => minSize <= length && minRank <= shape.length,
  )!;
  const passes = plan.variants.find(({ name }) => name === variant.name)?.passes ?? [];
  const p = (length * bitsOfDtype(dtypes.param)) / 8;
  const g = (length * bitsOfDtype(dtypes.grad)) / 8;
  const states = stateBytes(descriptor, variant, shape, dtypes.param === "f32");
  const scratch = scratchArrays(variant, shape).reduce((sum, array) => sum + 4 * array.length, 0);
  const extra = passes
    .filter(({ kind }) => kind !== "step")
    .reduce((sum, pass) => sum + passBytes(pass, dtypes, plan, kernels).read, 0);
  return {
    parameters: 2 * p,
    gradients: g,
    states: 2 * states,
    extraReads: Math.round(extra * length),
    memory: p + g + states + scratch,
  };
}

function stateBytes(
  { correctionBits }: OptimizerDescriptor,
  { states }: VariantDescriptor,
  shape: readonly number[],
  isWhole: boolean,
): number {
  const correction =
    isWhole || correctionBits === 0
      ? []
      : [{ name: "p_correction", storage: { kind: "bits", bits: correctionBits } as const }];
  return [...states, ...correction]
    .flatMap((state) => stateArrays(state, shape))
    .reduce((sum, { length }) => sum + 4 * length, 0);
}
