import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compile, loadSpec, type Package } from "lowbit-gen";
import { UserError } from "./errors.js";

const root = dirname(createRequire(import.meta.url).resolve("lowbit-gen/package.json"));

/**
 * Compiles every spec of spec/ for every target, in memory.
 *
 * @returns names of the specs
 * @throws {UserError} where the packages that this example imports are not what their specs compile to
 */
export async function buildSpecs(): Promise<string[]> {
  const files = readdirSync(join(root, "spec")).filter((name) => name.endsWith(".yaml"));
  const packages: Package[] = [];
  for (const file of files.sort()) packages.push(compile(await loadSpec(join(root, "spec", file))));
  const stale = packages.filter(isStale).map(({ plan }) => `generated/${plan.name}`);
  if (stale.length > 0) {
    throw new UserError(
      `${stale.join(", ")}: not what the spec compiles to; \`npm run generate\` brings it up to date`,
    );
  }
  return packages.map(({ plan }) => plan.name);
}

/** A spec without a package is somebody's draft. */
function isStale({ plan, files }: Package): boolean {
  const folder = join(root, "generated", plan.name);
  return (
    existsSync(folder) &&
    files.some(({ path, text }) => {
      const file = join(folder, path);
      return !existsSync(file) || readFileSync(file, "utf8") !== text;
    })
  );
}
