import { type Device, LowbitError, openDevice } from "../../../runtime/index.js";
import { targets } from "../../../templates/index.js";
import type { MathMode } from "../../lower/plan.js";
import type { AccuracyClass } from "../../target.js";
import { isMissing } from "../compile/compiler.js";
import { compilersFor } from "../compile/for-device.js";
import { choose } from "../options.js";

export interface Candidates {
  readonly devices: readonly Device[];
  /** A line for every device: what it is, or why it is not run. */
  readonly notes: readonly string[];
}

const kinds = ["typescript", "cpu", "webgpu", "cuda"] as const;
type Kind = (typeof kinds)[number];

/**
 * Opens the named devices; without a name every one that this machine has.
 *
 * @throws {LowbitError} where a named one is missing
 */
export async function openCandidates(names: readonly string[]): Promise<Candidates> {
  const wanted = new Set(names.map((name) => choose("device", name, [...kinds, "all"])));
  const isNamed = (kind: Kind): boolean => wanted.has(kind) || wanted.has("all");
  const devices: Device[] = [];
  const notes: string[] = [];
  for (const kind of kinds) {
    if (names.length > 0 && !isNamed(kind)) {
      notes.push(`${kind}: not run, not asked for`);
      continue;
    }
    try {
      const device = await open(kind);
      devices.push(device);
      notes.push(`${kind}: ${device.description}`);
    } catch (error) {
      const isAbsent = error instanceof LowbitError && /^no-(webgpu|native|cuda|compiler)$/.test(error.code);
      if (!isAbsent || isNamed(kind)) {
        for (const device of devices) device.dispose();
        throw error;
      }
      notes.push(`${kind}: NOT RUN, ${error.message}`);
    }
  }
  return { devices, notes };
}

/** A device of compiled kernels is of no use without the compiler. */
async function open(kind: Kind): Promise<Device> {
  const device = await openDevice(kind);
  for (const { find } of compilersFor(device)) {
    const found = await find();
    if (isMissing(found)) throw new LowbitError("no-compiler", found.missing);
  }
  return device;
}

/** What a device is held to. */
export function accuracyOf(kind: Kind, math: MathMode = "exact"): AccuracyClass {
  const target = targets.find(({ module }) => module?.api === kind);
  if (target === undefined) throw new Error(`no target runs on ${kind}`);
  return math === "fast" && target.fast !== null ? target.fast.accuracy : target.accuracy;
}
