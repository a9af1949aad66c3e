import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Figure, figure } from "./figures.js";

/** What the probe prints. */
export interface Allocation {
  readonly device: string;
  /** Bytes of JavaScript objects and array buffers a step, sample by sample. */
  readonly samples: readonly number[];
}

const SPEC = "adamw-4bit-block";
/** Two sizes: what grew with the parameters would differ sixteenfold. */
const SIZES = [2 ** 18, 2 ** 22];

/** Each in a process of its own, whose young generation is too large for a collection to come in between. */
export function measureAllocation(): Figure[] {
  return ["typescript", "webgpu"].flatMap((device) =>
    SIZES.flatMap((size) => {
      const allocation = probe(device, size);
      if (allocation === null) return [];
      const what = `${SPEC}, ${size.toLocaleString("en-US")} parameters, ${allocation.device}`;
      return [figure("allocation", what, "bytes", allocation.samples)];
    }),
  );
}

/** null where there is no such device. */
function probe(device: string, size: number): Allocation | null {
  const flags = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];
  const script = fileURLToPath(new URL("./allocation-probe.js", import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, script, SPEC, device, String(size)],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`the allocation probe failed:\n${stderr}`);
  return JSON.parse(stdout) as Allocation | null;
}
