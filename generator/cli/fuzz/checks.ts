import fc from "fast-check";
import type { Device, LowbitError } from "../../../runtime/index.js";
import { accuracyOf } from "./candidates.js";
import { type Case, cases } from "./cases.js";
import type { Difference } from "./difference.js";
import { judge } from "./differential.js";
import { invariantsOf } from "./invariants/index.js";
import type { Seed } from "./seed.js";
import { runDevice, type Subject, type Trajectory } from "./trajectory.js";

/** One property of a spec, under a name by which it can be repeated. */
export interface Check {
  /** `m.nearest`, `webgpu`. */
  readonly name: string;
  readonly claim: string;
  readonly property: fc.IRawProperty<unknown>;
  /** What the runs were, once they have been: `: 1,024 tensors`. */
  readonly detail: () => string;
}

/** A property that does not hold, with the smallest input that was found to show it. */
export interface Failure {
  readonly check: Check;
  readonly seed: number;
  readonly path: string;
  /** Until it failed. */
  readonly runs: number;
  readonly input: unknown;
  readonly error: unknown;
}

/** A device that came out otherwise than it may. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
  readonly difference: Difference & { readonly step: number };

  constructor(difference: Difference & { readonly step: number }) {
    super(`${difference.tensor}, step ${difference.step}, ${difference.where}: ${difference.what}`);
    this.difference = difference;
  }
}

const LIMITS = { steps: 4, tensors: 10 };

/** Every property of a spec: the invariants of its codecs, and each device against the evaluator. */
export function checksOf(subject: Subject, devices: readonly Device[]): Check[] {
  const invariants = subject.plan.states.flatMap((state) =>
    invariantsOf(state, subject.codecs[state.name]).map(
      ({ name, claim, property }): Check => ({
        name: `${state.name}.${name}`,
        claim,
        property: property as fc.IRawProperty<unknown>,
        detail: () => "",
      }),
    ),
  );
  return [...invariants, ...devices.map((device) => deviceCheck(subject, device))];
}

/** Runs a property on so many cases, or on the one that the seed names. */
export async function runCheck(check: Check, runs: number, { value, path }: Seed): Promise<Failure | null> {
  const parameters = { seed: value, numRuns: runs, ...(path !== undefined && { path }) };
  const details = await fc.check(check.property as fc.IAsyncProperty<unknown>, parameters);
  if (!details.failed) return null;
  return {
    check,
    seed: value,
    path: details.counterexamplePath ?? "0",
    runs: details.numRuns,
    input: details.counterexample,
    error: details.errorInstance,
  };
}

function deviceCheck(subject: Subject, device: Device): Check {
  const accuracy = accuracyOf(device.kind, subject.plan.math);
  const counts = { tensors: 0, codes: 0, pinned: 0 };
  return {
    name: device.kind,
    claim: accuracy.kind === "exact" ? "equal to the evaluator bit for bit" : "within its accuracy class",
    property: fc.asyncProperty(cases(subject.plan, LIMITS), async (given: Case) => {
      const trajectory = await runOrSkip(subject, device, given);
      const { difference, codes, pinned } = judge(subject, accuracy, trajectory);
      counts.tensors += given.tensors.length;
      counts.codes += codes;
      counts.pinned += pinned;
      if (difference !== null) throw new Disagreement(difference);
    }) as fc.IRawProperty<unknown>,
    detail: () => {
      const pinned =
        counts.codes === 0
          ? ""
          : `, ${((100 * counts.pinned) / counts.codes).toFixed(2)} % of codes left no choice`;
      return `: ${counts.tensors} tensors${pinned}`;
    },
  };
}

/** Hypers that lead to an infinity or NaN are refused, and test nothing. */
async function runOrSkip(subject: Subject, device: Device, given: Case): Promise<Trajectory> {
  try {
    return await runDevice(subject, device, given);
  } catch (error) {
    fc.pre(!(error instanceof Error && (error as Partial<LowbitError>).code === "non-finite-uniform"));
    throw error;
  }
}
