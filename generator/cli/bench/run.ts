import { type Device, LowbitError } from "../../../runtime/index.js";
import { targets } from "../../../templates/index.js";
import { emit } from "../../index.js";
import { bitsOfDtype } from "../../lower/dtypes.js";
import type { Plan } from "../../lower/plan.js";
import { compilersFor } from "../compile/for-device.js";
import { instantiate } from "../instantiate.js";
import { Progress } from "../progress.js";
import { type Bytes, countBytes } from "./bytes.js";
import { measureSteps, type Subject } from "./measure.js";
import { explainMemory, type Load, refuseTooLargeForHost } from "./memory.js";
import { type Meter, meterBytes, openMeter } from "./meter.js";
import { type BenchResult, resultOf } from "./result.js";
import type { Settings } from "./settings.js";
import { type ShapesName, shapes, type Tensor } from "./shapes.js";

interface Task extends Load {
  readonly subject: Subject;
  readonly shapes: ShapesName;
  readonly tensors: readonly Tensor[];
  readonly bytes: Bytes;
}

export interface BenchRun {
  readonly meter: Meter;
  readonly results: readonly BenchResult[];
}

/**
 * Measures every plan on all shapes that were asked for.
 *
 * @throws {UserError} before anything is measured where this machine's memory does not suffice, and where a device's does not
 */
export async function runBench(
  device: Device,
  plans: readonly Plan[],
  settings: Settings,
): Promise<BenchRun> {
  const subjects = await compileAll(device, plans);
  const tasks = subjects.flatMap((subject) => settings.shapes.map((name) => taskOf(subject, name, settings)));
  for (const task of tasks) refuseTooLargeForHost(task, device);
  const meter = openMeter(device);
  const progress = await Progress.start(tasks.length * (settings.warmup + settings.steps), "steps");
  try {
    const results: BenchResult[] = [];
    for (const task of tasks) {
      const onTurn = (): void => progress.step(`${task.spec}, ${task.shapes}`);
      const measuring = measureSteps(device, meter, task.subject, task.tensors, settings, onTurn);
      const samples = await measuring.catch((error: unknown) => {
        throw isOfMemory(error) ? explainMemory(task, error) : error;
      });
      const { compiled, descriptor } = task.subject;
      results.push(resultOf({ ...task, compiled, specHash: descriptor.specHash, samples }, meter));
    }
    return { meter, results };
  } finally {
    progress.stop();
    meter.dispose();
  }
}

async function compileAll(device: Device, plans: readonly Plan[]): Promise<Subject[]> {
  const runnable = targets.filter(({ module }) => module?.api === device.kind);
  const progress = await Progress.start(plans.length, "specs compiled");
  try {
    const subjects: Subject[] = [];
    for (const plan of plans) {
      const compiled = emit(plan, runnable);
      subjects.push({ compiled, ...(await instantiate(compiled, compilersFor(device))) });
      progress.step(plan.name);
    }
    return subjects;
  } finally {
    progress.stop();
  }
}

function taskOf(subject: Subject, name: ShapesName, { shrink }: Settings): Task {
  const { compiled, descriptor } = subject;
  const tensors = shapes[name](shrink);
  const bytes = countBytes(compiled, descriptor, tensors);
  const { param, grad } = compiled.plan.dtypes[0]!;
  const lengths = tensors.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return {
    subject,
    spec: compiled.plan.name,
    shapes: name,
    shrink,
    tensors,
    bytes,
    onDevice: bytes.memory + meterBytes,
    // Drawn there: all parameters, and one gradient at a time.
    onHost: (total * bitsOfDtype(param) + Math.max(...lengths) * bitsOfDtype(grad)) / 8,
  };
}

function isOfMemory(error: unknown): error is Error {
  return (
    error instanceof RangeError ||
    (error instanceof LowbitError && /^(out-of-memory|too-large)$/.test(error.code))
  );
}
