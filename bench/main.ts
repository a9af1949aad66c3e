/** Measures what the project promises, prints it, and records it with the machine and the commit. */
import { describeCircumstances } from "../generator/cli/bench/machine.js";
import { measureAllocation } from "./allocation.js";
import { measureCommands } from "./commands.js";
import { measureCpu } from "./cpu.js";
import { type Figure, type Part, parts } from "./figures.js";
import { record } from "./record.js";
import { formatCircumstances, formatTable } from "./report.js";
import { measureTypeScript, measureWebGpu } from "./steps.js";

const measurements: Readonly<Record<Part, () => Figure[] | Promise<Figure[]>>> = {
  commands: measureCommands,
  typescript: measureTypeScript,
  cpu: measureCpu,
  webgpu: measureWebGpu,
  allocation: measureAllocation,
};

const isPart = (name: string): name is Part => Object.hasOwn(parts, name);

/** @param names parts to measure; all of them, and recorded, where there are none */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !isPart(name));
  if (unknown !== undefined) {
    process.stderr.write(
      `bench: there is no part ${unknown}: name some of ${Object.keys(parts).join(", ")}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const chosen = names.length > 0 ? names.filter(isPart) : (Object.keys(parts) as Part[]);
  const circumstances = describeCircumstances();
  process.stdout.write(`${formatCircumstances(circumstances)}\n`);
  const figures: Figure[] = [];
  for (const part of chosen) {
    const measured = await measurements[part]();
    process.stdout.write(`\n${formatTable(part, measured)}\n`);
    figures.push(...measured);
  }
  if (names.length === 0) process.stdout.write(`\nRecorded in ${record(circumstances, figures)}\n`);
}

await main(process.argv.slice(2));
