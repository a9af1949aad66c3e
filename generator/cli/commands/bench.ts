import { dirname } from "node:path";
import { openDevice } from "../../../runtime/index.js";
import { describeCircumstances } from "../bench/machine.js";
import { fileOf } from "../bench/result.js";
import { runBench } from "../bench/run.js";
import { parseSettings, withDtype } from "../bench/settings.js";
import { formatResults } from "../bench/table.js";
import { UserError } from "../errors.js";
import type { Options } from "../options.js";
import { ensureFolder, isNoFile, writeFiles } from "../output/files.js";
import { findSpecs, resolveFiles } from "../specs.js";
import { plural } from "../text.js";

/** Times the steps of specs on a device, beside a copy: a table, and JSON where that is asked for. */
export async function bench(paths: readonly string[], options: Options): Promise<number> {
  const settings = parseSettings(options);
  const json = options.one("json");
  if (json !== undefined && isNoFile(json)) throw new UserError(`--json ${json} is a folder: name a file`);
  const specs = await resolveFiles(paths.length > 0 ? paths : findSpecs("spec"));
  if (specs === null) return 1;
  const { dtype, math } = settings;
  const plans = specs.map(({ plan }) => ({ ...withDtype(plan, dtype), math: math ?? plan.math }));
  if (json !== undefined) ensureFolder(dirname(json));
  const circumstances = describeCircumstances();
  const device = await openDevice(settings.kind);
  try {
    process.stderr.write(
      `measuring ${plural(plans.length, "spec")} on ${device.kind} (${device.description})\n`,
    );
    const { meter, results } = await runBench(device, plans, settings);
    const { steps, warmup } = settings;
    const file = fileOf(circumstances, device, meter, { steps, warmup }, results);
    process.stdout.write(formatResults(file));
    if (json !== undefined) writeFiles([{ path: json, data: `${JSON.stringify(file, null, 2)}\n` }]);
    return 0;
  } finally {
    device.dispose();
  }
}
