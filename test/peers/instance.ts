import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Package } from "../../generator/index.js";
import type {
  Codec,
  Device,
  LowbitOptimizer,
  OptimizerDescriptor,
  OptimizerOptions,
  ParameterInput,
} from "../../runtime/index.js";

/** What a generated package exports, imported. */
export interface Instance {
  readonly Optimizer: new (
    device: Device,
    params: Readonly<Record<string, ParameterInput>>,
    options?: OptimizerOptions<string>,
  ) => LowbitOptimizer<string>;
  readonly descriptor: OptimizerDescriptor;
  readonly codecs: Readonly<Record<string, Codec>>;
}

/** Imports the TypeScript of a package from a temporary folder; `lowbit-gen/runtime` is this checkout's. */
export async function instantiate({ plan, files }: Package): Promise<Instance> {
  const folder = mkdtempSync(join(tmpdir(), "lowbit-gen-package-"));
  try {
    for (const { path, text } of files.filter((file) => /(?<!\.d)\.ts$/.test(file.path))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const exports = (await import(join(folder, "index.ts"))) as Record<string, unknown>;
    const Optimizer = exports[plan.className] as Instance["Optimizer"] & Partial<Pick<Instance, "codecs">>;
    return {
      Optimizer,
      descriptor: exports.descriptor as OptimizerDescriptor,
      codecs: Optimizer.codecs ?? {},
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
