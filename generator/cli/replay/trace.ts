import { readFileSync } from "node:fs";
import { readSafetensors, type SafeTensor } from "../../../runtime/index.js";
import { systemReason, UserError } from "../errors.js";

/** A recorded run: start values and every step's gradients. */
export interface Trace {
  readonly tensors: readonly TraceTensor[];
  /** Gradients are there for the steps 1 to `steps`. */
  readonly steps: number;
}

export interface TraceTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** float32, row-major. */
  readonly start: Float32Array;
  /** Of step t at index t - 1, as long as `start`. */
  readonly gradients: readonly Float32Array[];
}

/**
 * Reads `p0/<tensor>` and `g<step>/<tensor>` and nothing else of a file.
 *
 * @throws {UserError} naming the tensor that is missing, of another dtype or of another shape
 */
export function readTrace(path: string): Trace {
  const found = readTensors(path);
  const fail = (message: string): never => {
    throw new UserError(`${path}: ${message}`);
  };
  const starts = new Map<string, SafeTensor>();
  const steps = new Map<number, Map<string, SafeTensor>>();
  for (const [key, tensor] of found) {
    const [, kind, step, name = ""] = /^(?:(p)0|g([1-9]\d*))\/(.+)$/s.exec(key) ?? [];
    if (kind !== undefined) starts.set(name, checkDtype(key, tensor, fail));
    if (step === undefined) continue;
    const gradients = steps.get(Number(step)) ?? new Map<string, SafeTensor>();
    steps.set(Number(step), gradients.set(name, checkDtype(key, tensor, fail)));
  }

  if (starts.size === 0) fail("holds no start values: they are named p0/<tensor>");
  if (steps.size === 0)
    fail("holds no gradients: they are named g1/<tensor>, g2/<tensor>, ... for steps 1, 2, ...");
  const last = Math.max(...steps.keys());
  for (let step = 1; step <= last; step++) {
    const gradients = steps.get(step);
    if (gradients === undefined)
      return fail(`holds gradients up to step ${last}, but none of step ${step} (g${step}/...)`);
    checkStep(step, gradients, starts, fail);
  }
  const tensors = [...starts].map(([name, start]) => ({
    name,
    shape: start.shape,
    start: start.data as Float32Array,
    gradients: Array.from(
      { length: last },
      (_, index) => steps.get(index + 1)?.get(name)?.data as Float32Array,
    ),
  }));
  return { tensors, steps: last };
}

type Fail = (message: string) => never;

function readTensors(path: string): ReadonlyMap<string, SafeTensor> {
  try {
    return readSafetensors(readFileSync(path)).tensors;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_FS_FILE_TOO_LARGE") {
      throw new UserError(
        `${path} has more than 2 GiB, which is as much as replay reads: record fewer steps or tensors`,
      );
    }
    const reason = systemReason(error) ?? (error instanceof Error ? error.message : String(error));
    throw new UserError(`cannot read ${path}: ${reason}`);
  }
}

function checkDtype(key: string, tensor: SafeTensor, fail: Fail): SafeTensor {
  if (tensor.dtype !== "F32") fail(`${key} is ${tensor.dtype}: start values and gradients are F32`);
  return tensor;
}

function checkStep(
  step: number,
  gradients: ReadonlyMap<string, SafeTensor>,
  starts: ReadonlyMap<string, SafeTensor>,
  fail: Fail,
): void {
  for (const [name, start] of starts) {
    const gradient = gradients.get(name);
    if (gradient === undefined)
      fail(`g${step}/${name} is missing: every step needs a gradient of every p0/...`);
    else if (gradient.shape.join() !== start.shape.join()) {
      fail(`g${step}/${name} has shape [${gradient.shape}], but p0/${name} has [${start.shape}]`);
    }
  }
  const extra = [...gradients.keys()].find((name) => !starts.has(name));
  if (extra !== undefined) fail(`g${step}/${extra} has no start values: p0/${extra} is missing`);
}
