import { existsSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { targets } from "../../../templates/index.js";
import { UserError } from "../errors.js";
import { type Options, parseWhole } from "../options.js";
import { ensureFolder, writeFiles } from "../output/files.js";
import { parseDevice, parseHypers, parseSnapshots } from "../replay/settings.js";
import { resolveFiles } from "../specs.js";
import { plural } from "../text.js";

/** What another optimizer would have made of a recorded run: its gradients in, its parameters out. */
export async function replay(args: readonly string[], options: Options): Promise<number> {
  const [path, more] = splitArguments(args);
  const input = options.required("input", "--input FILE.safetensors with p0/<tensor> and g<step>/<tensor>");
  const out = options.required("out", "--out FILE.safetensors, the file to write");
  const kind = parseDevice(options);
  const seed = parseWhole("--seed", options.one("seed") ?? "0", 0);
  const [spec] = (await resolveFiles([path])) ?? [];
  if (spec === undefined) return 1;
  const hypers = parseHypers([...options.list("hyper"), ...more], spec.plan);

  const { readTrace } = await import("../replay/trace.js");
  const trace = readTrace(input);
  const snapshots = parseSnapshots(options.list("snapshots"), trace.steps);
  if (existsSync(out) && realpathSync(out) === realpathSync(input)) {
    throw new UserError(`--out ${out} is the input: choose another file`);
  }
  ensureFolder(dirname(out));

  const { emit } = await import("../../index.js");
  const { runTrace } = await import("../replay/run.js");
  const runnable = targets.filter(({ module, codecs }) => module !== null || codecs !== null);
  const run = { trace, snapshots, hypers, seed, kind, withStates: options.flag("states") };
  const { file, device } = await runTrace(emit(spec.plan, runnable), run);
  writeFiles([{ path: out, data: file }]);
  const what = `${plural(snapshots.length, "snapshot")} of ${plural(trace.tensors.length, "tensor")}`;
  process.stdout.write(`wrote ${out}: ${what}, ${spec.plan.name} on ${device}\n`);
  return 0;
}

/** The spec, and hypers that follow the first one after --hyper. */
function splitArguments(args: readonly string[]): [spec: string, hypers: string[]] {
  const isHyper = (arg: string): boolean => /^[A-Za-z_]\w*=/.test(arg);
  const [spec, extra] = args.filter((arg) => !isHyper(arg));
  if (spec === undefined)
    throw new UserError("replay needs a SPEC: lowbit-gen replay spec/NAME.yaml --input ...");
  if (extra !== undefined) throw new UserError(`replay takes one spec, found ${spec} and ${extra}`);
  return [spec, args.filter(isHyper)];
}
