import {
  type DeviceKind,
  type LowbitOptimizer,
  openDevice,
  type ParameterValues,
  type SafeTensor,
  toFloat32,
  toHalf,
  writeSafetensors,
} from "../../../runtime/index.js";
import type { Package } from "../../index.js";
import type { DtypePlan } from "../../lower/plan.js";
import { compilersFor } from "../compile/for-device.js";
import { type Instance, instantiate } from "../instantiate.js";
import { Progress } from "../progress.js";
import { plural } from "../text.js";
import { decodeStates } from "./states.js";
import type { Trace } from "./trace.js";

export interface Run {
  readonly trace: Trace;
  /** Ascending. */
  readonly snapshots: readonly number[];
  readonly hypers: Readonly<Record<string, number>>;
  readonly seed: number;
  /** The best there is where it is undefined. */
  readonly kind: DeviceKind | undefined;
  /** Whether decoded states are written too. */
  readonly withStates: boolean;
}

export interface Replayed {
  /** `p<step>/<tensor>` and `s<step>/<tensor>/<state>`, F32, as safetensors. */
  readonly file: Uint8Array;
  readonly device: DeviceKind;
}

/** Runs the optimizer over the recorded gradients, up to the last snapshot. */
export async function runTrace(compiled: Package, run: Run): Promise<Replayed> {
  const { trace, snapshots, hypers, seed, kind } = run;
  const device = await openDevice(kind);
  try {
    const instance = await instantiate(compiled, compilersFor(device));
    const { param: dtype, grad } = firstDtypes(compiled);
    const steps = plural(snapshots.at(-1) ?? 0, "step");
    process.stderr.write(`replaying ${steps} on ${device.kind} (${device.description})\n`);
    const params = trace.tensors.map(
      ({ name, shape, start }) =>
        [name, dtype === "f32" ? { data: start.slice(), shape } : toHalf(start, dtype, shape)] as const,
    );
    const optimizer = new instance.Optimizer(device, Object.fromEntries(params), { ...hypers, seed, grad });
    const tensors = await takeSteps(optimizer, instance, { ...run, grad });
    const { name, specHash } = instance.descriptor;
    const settings = { spec: name, spec_hash: specHash, device: device.kind, seed: String(seed) };
    const metadata = { ...settings, hyper: JSON.stringify(optimizer.hypers) };
    return { file: writeSafetensors(tensors, metadata), device: device.kind };
  } finally {
    device.dispose();
  }
}

/** What the recorded float32 values are rounded to: the first dtypes that the spec lists. */
function firstDtypes({ plan }: Package): DtypePlan {
  return plan.dtypes[0]!;
}

async function takeSteps(
  optimizer: LowbitOptimizer<string, ParameterValues>,
  instance: Instance,
  run: Run & Pick<DtypePlan, "grad">,
): Promise<[string, SafeTensor][]> {
  const taken: [string, SafeTensor][] = [];
  const steps = run.snapshots.at(-1) ?? 0;
  const progress = await Progress.start(steps, "steps");
  try {
    for (let step = 1; step <= steps; step++) {
      const gradients = run.trace.tensors.map(({ name, gradients }) => {
        const g = gradients[step - 1]!;
        return [name, run.grad === "f32" ? g : toHalf(g, run.grad)] as const;
      });
      optimizer.step(Object.fromEntries(gradients));
      // Or a device would hold the gradients of all steps that it has not come to yet.
      await optimizer.device.synchronize();
      if (run.snapshots.includes(step)) taken.push(...(await snapshot(step, optimizer, instance, run)));
      progress.step("");
    }
    return taken;
  } finally {
    progress.stop();
  }
}

/** Parameters after a step, and states where they were asked for. */
async function snapshot(
  step: number,
  optimizer: LowbitOptimizer<string, ParameterValues>,
  instance: Instance,
  { trace, withStates }: Run,
): Promise<[string, SafeTensor][]> {
  const params = await optimizer.readParams();
  const taken: [string, SafeTensor][] = [];
  for (const { name, shape, start } of trace.tensors) {
    taken.push([`p${step}/${name}`, { dtype: "F32", shape, data: toFloat32(params[name]!) }]);
    if (!withStates) continue;
    for (const [state, data] of await decodeStates(instance, optimizer, name, start.length)) {
      taken.push([`s${step}/${name}/${state}`, { dtype: "F32", shape, data }]);
    }
  }
  return taken;
}
