import {
  type Device,
  type Gradient,
  type LowbitOptimizer,
  type ParameterInput,
  type ParameterValues,
  tensorId,
  toHalf,
} from "../../../runtime/index.js";
import type { Dtype, DtypePlan, Plan } from "../../lower/plan.js";
import type { Instance } from "../instantiate.js";
import type { Case } from "./cases.js";
import type { Compiled, StepSettings, StoredArray, TensorImage } from "./reference.js";
import { makeTensor, shapeOf } from "./tensors.js";

/** A compiled spec and what its package exports. */
export type Subject = Compiled & Instance;

/** What a device made of a case. */
export interface Trajectory {
  /** Before the first step. */
  readonly start: readonly TensorImage[];
  readonly steps: readonly Step[];
}

export interface Step {
  readonly settings: StepSettings;
  /** One a tensor. */
  readonly gradients: readonly StoredArray[];
  /** After the step. */
  readonly images: readonly TensorImage[];
}

/** @throws {LowbitError} `non-finite-uniform` where the hypers of the case lead to one */
export async function runDevice(
  { plan, Optimizer }: Subject,
  device: Device,
  given: Case,
): Promise<Trajectory> {
  const { seed, tensors } = given;
  const dtypes = tensors.map((_, index) => plan.dtypes[index % plan.dtypes.length] as DtypePlan);
  const parameters = Object.fromEntries(
    tensors.map(({ p }, index) => [
      nameOf(index),
      parameterOf(makeTensor(p), dtypes[index]?.param ?? "f32", shapeOf(p)),
    ]),
  );
  const numbers = plan.hypers.flatMap(({ name, default: value }) =>
    value === null ? [] : [[name, value] as const],
  );
  const hypers = { ...Object.fromEntries(numbers), ...given.hypers };
  const optimizer = new Optimizer(device, parameters, {
    ...given.hypers,
    seed,
    groups: groupsOf(plan, dtypes),
  });
  try {
    const start = await imagesOf(optimizer, dtypes);
    const steps: Step[] = [];
    for (let t = 1; t <= given.steps; t++) {
      const gradients = gradientsOf(given, t).map((g, index) => valuesOf(g, dtypes[index]?.grad ?? "f32"));
      optimizer.step(
        Object.fromEntries(start.map(({ name }, index) => [name, gradients[index] as Gradient])),
      );
      const images = await imagesOf(optimizer, dtypes);
      steps.push({ settings: { hypers, t, seed }, gradients: gradients.map(storedOf), images });
    }
    return { start, steps };
  } finally {
    optimizer.dispose();
  }
}

const nameOf = (index: number): string => `tensor${index}`;

function parameterOf(data: Float32Array, dtype: Dtype, shape: readonly number[]): ParameterInput {
  return dtype === "f32" ? { data, shape } : toHalf(data, dtype, shape);
}

/** Numbers as a tensor of this dtype is given them. */
function valuesOf(values: Float32Array, dtype: Dtype): ParameterValues {
  return dtype === "f32" ? values : toHalf(values, dtype);
}

function storedOf(values: ParameterValues): StoredArray {
  return "dtype" in values ? values.data : values;
}

/** Each tensor's gradients in the dtype of its pair: a group a pair. */
function groupsOf({ dtypes: known }: Plan, dtypes: readonly DtypePlan[]) {
  const groups = known.map((pair, index) => {
    const params = dtypes.flatMap((own, tensor) => (own === pair ? [nameOf(tensor)] : []));
    return [`pair${index}`, { params, grad: pair.grad }] as const;
  });
  return Object.fromEntries(groups.filter(([, { params }]) => params.length > 0));
}

export function gradientsOf({ tensors }: Case, t: number): Float32Array[] {
  return tensors.map(({ p, gradients }) => {
    const contents = gradients[(t - 1) % gradients.length] as (typeof gradients)[number];
    return makeTensor({ ...p, ...contents });
  });
}

/** All tensors as they are on the device now. */
async function imagesOf(
  optimizer: LowbitOptimizer<string, ParameterValues>,
  dtypes: readonly DtypePlan[],
): Promise<TensorImage[]> {
  const names = Object.keys(optimizer.params);
  const [parameters, ...states] = await Promise.all([
    optimizer.readParams(),
    ...names.map((name) => optimizer.state(name)),
  ]);
  return names.map((name, index) => {
    const p = storedOf(parameters[name] as ParameterValues);
    const { shape } = optimizer.params[name] as { readonly shape: readonly number[] };
    const own = dtypes[index] as DtypePlan;
    return {
      name,
      shape,
      length: p.length,
      id: tensorId(name),
      dtypes: own,
      arrays: { p, ...states[index] },
    };
  });
}
