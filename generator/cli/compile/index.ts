import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../errors.js";
import { writeFiles } from "../output/files.js";
import { type Compiler, isMissing, type Job, type Tool } from "./compiler.js";
import { hashSources, mathOf, readStamps, type Stamp, stampOf, writeStamps } from "./stamps.js";

export type { Compiler, Job, Missing, Tool } from "./compiler.js";

export interface Compilation {
  readonly compiled: number;
  readonly unchanged: number;
  /** A sentence for each compiler that this machine lacks. */
  readonly missing: readonly string[];
}

interface Task {
  readonly folder: string;
  readonly job: Job;
  readonly tool: Tool;
  readonly stamp: Stamp;
}

/**
 * Compiles what the packages in some folders have sources of, as many at a time as there are cores, and nothing that was
 * compiled of the same sources before. What is there is replaced only by what has compiled.
 *
 * @param events `onStart` is called with the number of files to compile, `onDone` after each
 * @throws {UserError} with the compiler's first errors
 */
export async function compileFolders(
  folders: readonly string[],
  compilers: readonly Compiler[],
  { onStart, onDone }: { onStart?: (count: number) => Promise<void>; onDone?: (output: string) => void } = {},
): Promise<Compilation> {
  const found = await Promise.all(compilers.map(async ({ find, jobs }) => ({ jobs, tool: await find() })));
  const missing = found.flatMap(({ tool }) => (isMissing(tool) ? [tool.missing] : []));
  const jobs = found.flatMap(({ jobs, tool }) =>
    isMissing(tool) ? [] : jobs(tool).map((job) => ({ job, tool })),
  );
  const all = folders.flatMap((folder) =>
    jobs
      .filter(({ job }) => existsSync(join(folder, job.sources[0])))
      .map(({ job, tool }) => ({ folder, job, tool, stamp: stampOf(folder, job, tool) })),
  );
  const tasks = all.filter(({ folder, job: { output }, stamp }) => {
    return !existsSync(join(folder, output)) || readStamps(folder).get(output)?.hash !== stamp.hash;
  });
  await onStart?.(tasks.length);
  const queue = tasks.values();
  const stop = new AbortController();
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (const task of queue) {
      if (stop.signal.aborted) return;
      await run(task, stop);
      onDone?.(join(task.folder, task.job.output));
    }
  });
  // What runs beside one that fails is stopped, and waited for.
  const failed = (await Promise.allSettled(workers)).filter((worker) => worker.status === "rejected");
  const first = failed.find(({ reason }) => reason !== stop.signal.reason) ?? failed[0];
  if (first !== undefined) throw first.reason;
  return { compiled: tasks.length, unchanged: all.length - tasks.length, missing };
}

async function run({ folder, job, tool: { command }, stamp }: Task, stop: AbortController): Promise<void> {
  const { sources, output, args, facts } = job;
  const place = join(folder, output);
  // Compilers take the kind of an output from its extension.
  const temporary = join(dirname(place), `.${process.pid}.${basename(place)}`);
  try {
    const source = hashSources(folder, job);
    const given = args(join(folder, sources[0]), temporary, source, mathOf(folder));
    await promisify(execFile)(command, given, { maxBuffer: 2 ** 26, signal: stop.signal });
    renameSync(temporary, place);
    if (facts !== undefined)
      writeFiles([{ path: `${place}.json`, data: `${JSON.stringify({ source, ...facts })}\n` }]);
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    stop.abort();
    throw new UserError(describe(join(folder, sources[0]), command, error), { cause: error });
  } finally {
    rmSync(temporary, { force: true });
  }
  writeStamps(folder, new Map([...readStamps(folder), [output, stamp]]));
}

/** Lines of errors that are shown. */
const SHOWN = 12;

function describe(source: string, command: string, error: unknown): string {
  const { stderr = "", message } = error as Error & { readonly stderr?: string };
  const lines = stderr.split("\n").filter((line) => /\berror\b/.test(line));
  const reasons = lines.length > 0 ? lines : (stderr || message).trim().split("\n");
  return `${source} does not compile with ${command}:\n${reasons.slice(0, SHOWN).join("\n")}`;
}
