import type { Device } from "../../../runtime/index.js";
import { targets } from "../../../templates/index.js";
import { emit } from "../../index.js";
import { compilersFor } from "../compile/for-device.js";
import { UserError } from "../errors.js";
import { instantiate } from "../instantiate.js";
import { parseWhole } from "../options.js";
import { Progress } from "../progress.js";
import { resolveFiles, type SpecFile } from "../specs.js";
import { plural } from "../text.js";
import { openCandidates } from "./candidates.js";
import { checksOf, type Failure, runCheck } from "./checks.js";
import { describeFailure } from "./report.js";
import { parseSeed, type Seed } from "./seed.js";

/** As typed. */
export interface FuzzOptions {
  /** typescript, cpu, webgpu, cuda or all; by default those that this machine has. */
  readonly device?: readonly string[];
  /** Random cases of each property, by default 100. */
  readonly runs?: string;
  /** A number, or what a failure printed. */
  readonly seed?: string;
}

const DEFAULT_RUNS = 100;

/**
 * Tests specs on hostile tensors: the invariants of every codec, and every device against the evaluator. Prints what
 * was run, and of each failure the smallest input that shows it and how to repeat it.
 *
 * @returns the exit code: 1 where something failed
 * @throws {UserError} for a wrong call
 * @throws {LowbitError} where a device that was named is missing
 */
export async function fuzz(paths: readonly string[], options: FuzzOptions): Promise<number> {
  if (paths.length === 0) throw new UserError("name a spec: lowbit-gen fuzz spec/my-adam.yaml");
  const runs = options.runs === undefined ? DEFAULT_RUNS : parseWhole("--runs", options.runs, 1);
  const seed = parseSeed(options.seed);
  const specs = await resolveFiles(paths);
  if (specs === null) return 1;
  const { devices, notes } = await openCandidates(options.device ?? []);
  for (const note of notes) process.stdout.write(`${note}\n`);
  try {
    let failures = 0;
    for (const spec of specs) failures += await fuzzSpec(spec, devices, runs, seed);
    const verdict =
      failures === 0 ? "nothing failed" : `${plural(failures, "property", "properties")} failed`;
    process.stdout.write(
      `${plural(specs.length, "spec")}, ${plural(runs, "run")} a property, seed ${seed.value}: ${verdict}\n`,
    );
    return failures === 0 ? 0 : 1;
  } finally {
    for (const device of devices) device.dispose();
  }
}

/** Runs every property of a spec, or the one that the seed names, and returns how many failed. */
async function fuzzSpec(
  { path, plan }: SpecFile,
  devices: readonly Device[],
  runs: number,
  seed: Seed,
): Promise<number> {
  const built = emit(
    plan,
    targets.filter(({ module }) => module !== null),
  );
  const compilers = devices.flatMap(compilersFor);
  const subject = { ...built, ...(await instantiate(built, compilers)) };
  const checks = checksOf(subject, devices);
  const names = checks.map(({ name }) => name);
  if (seed.property !== undefined && !names.includes(seed.property)) {
    throw new UserError(`${path} has no property ${seed.property} here: it has ${names.join(", ")}`);
  }
  const chosen = checks.filter(({ name }) => seed.property === undefined || name === seed.property);
  const progress = await Progress.start(chosen.length, "properties");
  const failures: Failure[] = [];
  for (const check of chosen) {
    progress.step(`${plan.name} ${check.name}`);
    const failure = await runCheck(check, runs, seed);
    if (failure !== null) failures.push(failure);
  }
  progress.stop();
  process.stdout.write(`${path}\n`);
  for (const check of chosen) {
    const failure = failures.find((candidate) => candidate.check === check);
    process.stdout.write(
      `  ${failure === undefined ? "ok    " : "FAILED"} ${check.name}: ${check.claim}${check.detail()}\n`,
    );
    if (failure !== undefined) process.stdout.write(describeFailure(path, failure));
  }
  return failures.length;
}
