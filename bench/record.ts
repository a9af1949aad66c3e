import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Circumstances } from "../generator/cli/bench/machine.js";
import { ownPackage } from "../generator/cli/package-root.js";
import type { Figure } from "./figures.js";
import { formatMarkdown } from "./report.js";

const START = "<!-- figures: written by `npm run bench` -->";
const END = "<!-- end of figures -->";

/**
 * Keeps the figures in a file of their own and shows them in the README.
 *
 * @returns path of the file
 */
export function record(circumstances: Circumstances, figures: readonly Figure[]): string {
  const { root } = ownPackage();
  const folder = join(root, "bench", "results");
  const name = `${circumstances.date.slice(0, 19).replaceAll(":", "")}Z-${circumstances.commit}.json`;
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...circumstances, figures }, null, 2)}\n`);
  const readme = join(root, "bench", "README.md");
  const text = readFileSync(readme, "utf8");
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${readme} has no lines "${START}" and "${END}"`);
  const block = `${START}\n\n${formatMarkdown(circumstances, figures)}\n`;
  writeFileSync(readme, text.slice(0, start) + block + text.slice(end));
  return relative(root, path);
}
