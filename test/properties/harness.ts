import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Compiler } from "../../generator/cli/compile/compiler.js";
import { accuracyOf } from "../../generator/cli/fuzz/candidates.js";
import type { Case } from "../../generator/cli/fuzz/cases.js";
import { type Difference, firstDifference } from "../../generator/cli/fuzz/difference.js";
import { judge } from "../../generator/cli/fuzz/differential.js";
import {
  type Compiled,
  dtypesOf,
  type StoredArray,
  type TensorImage,
  variantOf,
} from "../../generator/cli/fuzz/reference.js";
import { runDevice, type Subject, type Trajectory } from "../../generator/cli/fuzz/trajectory.js";
import { instantiate } from "../../generator/cli/instantiate.js";
import { emit } from "../../generator/index.js";
import type { DtypePlan } from "../../generator/lower/plan.js";
import { resolve } from "../../generator/resolve.js";
import { type Device, TypeScriptDevice, tensorId } from "../../runtime/index.js";
import { targets } from "../../templates/index.js";
import {
  type Dtype,
  decodeStored,
  freshTensor,
  type OracleConfig,
  type OracleTensor,
  oracleStep,
  type ParameterCodec,
  type StoredState,
} from "../oracle/index.js";
import { emptyArrays, emptyCorrection } from "../support/empty.js";

const subjects = new Map<string, Promise<Subject>>();

/**
 * A package of the text of a spec, with the kernels of every device that runs here; the last few are kept.
 *
 * @param compilers for devices that run compiled kernels
 */
export function subjectOf(text: string, compilers: readonly Compiler[] = []): Promise<Subject> {
  const key = `${compilers.length > 0 ? "compiled" : ""}${text}`;
  const subject = subjects.get(key) ?? makeSubject(text, compilers);
  subjects.delete(key);
  subjects.set(key, subject);
  if (subjects.size > 20) subjects.delete(subjects.keys().next().value ?? "");
  return subject;
}

async function makeSubject(text: string, compilers: readonly Compiler[]): Promise<Subject> {
  const plan = resolve(text);
  if (!plan.ok) throw new Error(`not a valid spec: ${JSON.stringify(plan.diagnostics)}\n${text}`);
  const built = emit(
    plan.value,
    targets.filter(({ module }) => module !== null),
  );
  return { ...built, ...(await instantiate(built, compilers)) };
}

export class Mismatch extends Error {
  override readonly name = "Mismatch";

  constructor(pair: string, step: number, { tensor, where, what, expected, found }: Difference) {
    super(`${pair} differ: ${tensor}, step ${step}, ${where}, ${what}: expected ${expected}, found ${found}`);
  }
}

/**
 * Runs a case everywhere: the generated TypeScript is equal to the oracle and to the evaluator bit for bit, the
 * generated C++ too, the generated WGSL lies within its class.
 */
export async function checkCase(
  subject: Subject,
  config: OracleConfig<Record<string, number>>,
  given: Case,
  { webgpu, cpu }: { readonly webgpu: Device; readonly cpu: Device | undefined },
  parameter: Omit<ParameterCodec, "dtype"> = { rounding: "nearest", master: null },
): Promise<void> {
  const { math } = subject.plan;
  const exact = await runDevice(subject, new TypeScriptDevice(), given);
  compareOracle(subject, config, exact, BigInt(given.seed), parameter);
  refuse("the evaluator and TypeScript", judge(subject, accuracyOf("typescript", math), exact).difference);
  if (cpu !== undefined) {
    const compiled = await runDevice(subject, cpu, given);
    refuse("the evaluator and C++", judge(subject, accuracyOf("cpu", math), compiled, exact).difference);
  }
  const found = await runDevice(subject, webgpu, given);
  refuse("the evaluator and WGSL", judge(subject, accuracyOf("webgpu", math), found, exact).difference);
}

function refuse(pair: string, difference: (Difference & { readonly step: number }) | null): void {
  if (difference !== null) throw new Mismatch(pair, difference.step, difference);
}

function compareOracle(
  subject: Subject,
  config: OracleConfig<Record<string, number>>,
  { start, steps }: Trajectory,
  seed: bigint,
  parameter: Omit<ParameterCodec, "dtype">,
): void {
  for (const [index, image] of start.entries()) {
    const { param, grad } = dtypesOf(subject, image);
    const codec = { dtype: param, ...parameter };
    let tensor = freshTensor(config, image.name, valuesOf(image.arrays.p, param), image.shape, codec);
    for (const [step, { gradients, images }] of steps.entries()) {
      tensor = oracleStep(config, tensor, valuesOf(gradients[index], grad), step + 1, seed);
      const found = images[index] as TensorImage;
      const expected = { ...found, ...imageOf(tensor, config.rule.states, found.id) };
      const difference = firstDifference(variantOf(subject, found.shape), expected, found);
      if (difference !== null) throw new Mismatch("the oracle and TypeScript", step + 1, difference);
    }
  }
}

function valuesOf(stored: StoredArray | undefined, dtype: Dtype): Float32Array {
  return decodeStored(stored as Float32Array | Uint16Array, dtype);
}

/** The oracle's tensor, by the names of a device's arrays. */
export function imageOf(
  { name, shape, parameter, states }: OracleTensor,
  names: readonly string[],
  id: number,
): TensorImage {
  const arrays = names.map((state, index) => arraysOf(state, states[index] as StoredState));
  const { stored, correction } = parameter;
  const own = correction === null ? { p: stored } : { p: stored, p_correction: correction };
  return { name, shape, length: stored.length, id, arrays: Object.assign(own, ...arrays) };
}

function arraysOf(name: string, state: StoredState): Record<string, Float32Array | Uint32Array> {
  switch (state.kind) {
    case "float32":
      return { [name]: state.values };
    case "bfloat16":
      return { [name]: state.words };
    case "codes":
      return {
        [`${name}_codes`]: state.words,
        [`${name}_scale`]: state.scales,
        ...(state.alphas !== undefined && { [`${name}_alpha`]: state.alphas }),
      };
  }
}

/** A tensor before its first step: every stored bit is 0. */
export function emptyImage(
  spec: Compiled,
  p: Float32Array | Uint16Array,
  name = "tensor0",
  shape: readonly number[] = [p.length],
  dtypes?: DtypePlan,
): TensorImage {
  const correction = p instanceof Uint16Array ? emptyCorrection(spec.plan, p.length) : {};
  const arrays = { p, ...emptyArrays(variantOf(spec, shape), shape), ...correction };
  return { name, shape, length: p.length, id: tensorId(name), ...(dtypes && { dtypes }), arrays };
}

/** Every spec of this repository; with `minSize`, tensors of that size and more are quantized. */
export function shippedSpecs(minSize?: number): { readonly name: string; readonly text: string }[] {
  const folder = new URL("../../spec/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => {
    const spec = parse(readFileSync(new URL(file, folder), "utf8")) as {
      states: Record<string, { bits: number; min_size?: number }>;
    };
    for (const state of Object.values(spec.states)) {
      if (minSize !== undefined && state.bits < 32) state.min_size = minSize;
    }
    return { name: file.replace(/\.yaml$/, ""), text: JSON.stringify(spec) };
  });
}
