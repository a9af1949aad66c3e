import { join } from "node:path";
import { targets } from "../../../templates/index.js";
import { build } from "../../build/index.js";
import type { Plan } from "../../lower/plan.js";
import { sourcesOf } from "../../sources.js";
import type { SourceFile, Target } from "../../target.js";
import { compilersOf } from "../compile/compilers.js";
import { compileFolders } from "../compile/index.js";
import { UserError } from "../errors.js";
import type { Options } from "../options.js";
import { Binder } from "../output/binder.js";
import { applyChanges, type Changes, planChanges } from "../output/changes.js";
import { Progress } from "../progress.js";
import { resolveFiles, type SpecFile } from "../specs.js";
import { selectTargets } from "../targets.js";
import { plural } from "../text.js";

/** Compiles every spec, then writes `<out>/<name>/` for each: all of them, or nothing. */
export async function buildPackages(paths: readonly string[], options: Options): Promise<number> {
  const started = performance.now();
  const out = options.one("out") ?? "generated";
  const names = options.list("target");
  const chosen = names.length > 0 ? selectTargets(names) : targets;
  const architectures = parseArchitectures(options, chosen);
  const binder = new Binder(chosen);
  try {
    const specs = await resolveFiles(paths);
    if (specs === null) return 1;
    refuseTwins(specs);
    const progress = await Progress.start(specs.length, "specs");
    const changes = await progress.until(
      specs.map(async ({ plan }) => {
        const changed = planChanges(join(out, plan.name), await compile(plan, chosen, binder));
        progress.step(plan.name);
        return changed;
      }),
    );
    applyChanges(changes);
    report(changes, progress.visible, performance.now() - started);
    if (!options.flag("no-compile"))
      await compileSources(
        changes.map(({ folder }) => folder),
        chosen,
        architectures,
      );
    return 0;
  } finally {
    await binder.stop();
  }
}

/** What `emit` does, on two threads. */
async function compile(plan: Plan, chosen: readonly Target[], binder: Binder): Promise<SourceFile[]> {
  const sources = sourcesOf(plan, build(plan), chosen);
  return [...sources, ...(await binder.bind(plan, sources))];
}

/** Compiles what is not compiled yet, and says what cannot be. */
async function compileSources(
  folders: readonly string[],
  chosen: readonly Target[],
  architectures: readonly string[],
): Promise<void> {
  const names = new Set(chosen.map(({ name }) => name));
  const started = performance.now();
  let progress: Progress | undefined;
  const { compiled, unchanged, missing } = await compileFolders(
    folders,
    compilersOf(architectures).filter(({ target }) => names.has(target)),
    {
      onStart: async (count) => {
        progress = await Progress.start(count, "files compiled");
      },
      onDone: (output) => progress?.step(output),
    },
  ).finally(() => progress?.stop());
  for (const sentence of missing) process.stderr.write(`${sentence}\n`);
  if (compiled + unchanged === 0) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${plural(compiled, "file")} compiled, ${unchanged} unchanged, ${seconds} s\n`);
}

/** @throws {UserError} where nothing would be compiled for them */
function parseArchitectures(options: Options, chosen: readonly Target[]): readonly string[] {
  const architectures = options.list("arch");
  if (architectures.length === 0) return [];
  if (options.flag("no-compile"))
    throw new UserError("--arch says what to compile for, and --no-compile not to: give one of them");
  if (!chosen.some(({ name }) => name === "cuda"))
    throw new UserError("--arch is for the target cuda: add --target cuda, or leave it out");
  return architectures;
}

function refuseTwins(specs: readonly SpecFile[]): void {
  const places = new Map<string, string>();
  for (const { path, plan } of specs) {
    const other = places.get(plan.name);
    if (other !== undefined) {
      throw new UserError(
        `${other} and ${path} are both named ${plan.name}: a package has one spec, rename one`,
      );
    }
    places.set(plan.name, path);
  }
}

function report(changes: readonly Changes[], summaryOnly: boolean, milliseconds: number): void {
  for (const { keep } of changes) {
    for (const path of keep) {
      process.stderr.write(`kept ${path}: no longer part of its package, but changed by hand since it was\n`);
    }
  }
  const count = ({ write, unchanged, remove }: Omit<Changes, "folder" | "keep" | "manifest">): string =>
    `${plural(write.length, "file")} written, ${unchanged} unchanged, ${remove.length} removed`;
  const lines = summaryOnly ? [] : changes.map((change) => `${change.folder}: ${count(change)}`);
  const all = {
    write: changes.flatMap(({ write }) => write),
    unchanged: changes.reduce((sum, { unchanged }) => sum + unchanged, 0),
    remove: changes.flatMap(({ remove }) => remove),
  };
  lines.push(`${plural(changes.length, "package")}: ${count(all)}, ${Math.round(milliseconds)} ms`);
  process.stdout.write(`${lines.join("\n")}\n`);
}
