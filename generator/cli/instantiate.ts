import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type {
  Codec,
  Device,
  LowbitOptimizer,
  OptimizerDescriptor,
  OptimizerOptions,
  ParameterInput,
  ParameterValues,
} from "../../runtime/index.js";
import type { Package } from "../index.js";
import { type Compiler, compileFolders } from "./compile/index.js";
import { UserError } from "./errors.js";
import { ownPackage } from "./package-root.js";

/** A generated optimizer class whose hypers are known at run time only. */
export type OptimizerClass = new (
  device: Device,
  params: Readonly<Record<string, ParameterInput>>,
  options?: OptimizerOptions<string>,
) => LowbitOptimizer<string, ParameterValues>;

/** What a package exports, imported. */
export interface Instance {
  readonly Optimizer: OptimizerClass;
  readonly descriptor: OptimizerDescriptor;
  /** By state, for every state that is not float32; empty where no target of the package has codecs. */
  readonly codecs: Readonly<Record<string, Codec>>;
}

/**
 * Imports a package that was compiled in memory. It is written to a temporary folder from which `lowbit-gen/runtime` leads
 * to this installation, and removed as soon as it is imported; with compilers, when the process ends.
 *
 * @param compilers what to compile its sources with
 * @throws {UserError} in a checkout whose dist/ is not built, or where sources do not compile or a compiler is missing
 */
export async function instantiate(
  { plan, files }: Package,
  compilers: readonly Compiler[] = [],
): Promise<Instance> {
  const { root } = ownPackage();
  if (!existsSync(join(root, "dist", "runtime", "index.js"))) {
    throw new UserError(
      `${join(root, "dist")} is not built, and generated packages import it: npm run build`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "lowbit-gen-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const isKept = compilers.length > 0;
  if (isKept) keepUntilExit(folder);
  try {
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    mkdirSync(join(folder, "node_modules"));
    // A junction needs no privilege on Windows; elsewhere the type is ignored.
    symlinkSync(root, join(folder, "node_modules", "lowbit-gen"), "junction");
    for (const { path, text } of files.filter(({ path }) => isKept || path.endsWith(".js"))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { missing } = await compileFolders([folder], compilers);
    if (missing[0] !== undefined) throw new UserError(missing[0]);
    const exports = (await import(pathToFileURL(join(folder, "index.js")).href)) as Record<string, unknown>;
    const Optimizer = exports[plan.className] as OptimizerClass & Partial<Pick<Instance, "codecs">>;
    const descriptor = exports.descriptor as OptimizerDescriptor;
    return { Optimizer, descriptor, codecs: Optimizer.codecs ?? {} };
  } finally {
    if (!isKept) remove();
  }
}

const kept: string[] = [];

function keepUntilExit(folder: string): void {
  if (kept.length === 0)
    process.once("exit", () => {
      for (const path of kept) rmSync(path, { recursive: true, force: true });
    });
  kept.push(folder);
}
