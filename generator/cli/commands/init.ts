import { existsSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { optimizerSchema } from "../../../spec/schema.js";
import { UserError } from "../errors.js";
import type { Options } from "../options.js";
import { ensureFolder } from "../output/files.js";
import { starterSpec } from "../starter.js";

/** Writes `<out>/<name>.yaml`, and overwrites nothing. */
export async function init(name: string, options: Options): Promise<number> {
  const valid = optimizerSchema.shape.name.safeParse(name);
  if (!valid.success) {
    throw new UserError(`${JSON.stringify(name)} cannot name a spec: ${valid.error.issues[0]?.message}`);
  }
  const folder = options.one("out") ?? "spec";
  const path = join(folder, `${name}.yaml`);
  if (existsSync(path)) {
    throw new UserError(`${path} is there already and stays as it is: choose another name, or remove it`);
  }
  ensureFolder(folder);
  // Where an installed package has it, as seen from the spec.
  const schema = relative(folder, join("node_modules", "lowbit-gen", "spec", "optimizer.schema.json"));
  writeFileSync(path, starterSpec(name, schema.split(sep).join("/")), { flag: "wx" });
  process.stdout.write(`wrote ${path}; next: lowbit-gen build ${path}\n`);
  return 0;
}
