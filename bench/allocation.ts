import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Figure, figure } from "./figures.js";

/** What the probe prints. */
export interface Allocation {
  readonly device: string;
  /** Bytes of JavaScript objects and array buffers a step, sample by sample. */
  readonly samples: readonly number[];
}

/** Codes that end on words, and codes that straddle them with random numbers. */
const SPECS = ["adamw-4bit-block", "adamw-3bit"];
/** Two sizes: what grew with the parameters would differ sixteenfold. */
const SIZES = [2 ** 13, 2 ** 17];

/** Each in a process of its own, whose young generation is too large for a collection to come in between. */
export function measureAllocation(): Figure[] {
  const cases = ["typescript", "webgpu"].flatMap((device) =>
    SPECS.flatMap((spec) => SIZES.map((size) => ({ device, spec, size }))),
  );
  return cases.flatMap(({ device, spec, size }) => {
    const allocation = probe(spec, device, size);
    if (allocation === null) return [];
    const what = `${spec}, ${size.toLocaleString("en-US")} parameters, ${allocation.device}`;
    return [figure("allocation", what, "bytes", allocation.samples)];
  });
}

/** null where there is no such device. */
function probe(spec: string, device: string, size: number): Allocation | null {
  const flags = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const script = fileURLToPath(new URL("./allocation-probe.js", import.meta.url));
  const args = [...flags, script, spec, device, String(size)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the allocation probe failed:\n${stderr}`);
  return JSON.parse(stdout) as Allocation | null;
}
