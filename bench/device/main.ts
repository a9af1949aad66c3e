/**
 * Holds a GPU to what is promised of it beyond speed: `node dist/bench/device/main.js [large] [panels] [cycles] [graphs] [full]
 * [encoders] [drawn] [--bits N] [--elements N] [--cycles N]`. One line a check; exit code 1 where one does not hold.
 */
import { type CudaDevice, LowbitError, openDevice } from "lowbit-gen/runtime";
import { UserError } from "../../generator/cli/errors.js";
import { choose, Options, parseWhole } from "../../generator/cli/options.js";
import type { Check } from "./check.js";
import { checkCycles } from "./cycles.js";
import { checkDrawn } from "./drawn.js";
import { checkEncoders } from "./encoders.js";
import { checkFull } from "./full.js";
import { checkGraphs } from "./graphs.js";
import { checkLarge } from "./large.js";
import { checkPanels } from "./panels.js";

interface Sizes {
  readonly elements: number;
  readonly cycles: number;
  /** Of encoded states; null for all of them. */
  readonly bits: number | null;
}

const parts: Readonly<Record<string, (device: CudaDevice, sizes: Sizes) => AsyncIterable<Check>>> = {
  graphs: checkGraphs,
  full: checkFull,
  cycles: (device, { cycles }) => checkCycles(device, cycles),
  encoders: (device, { elements, bits }) => checkEncoders(device, elements, bits),
  drawn: (device, { elements, bits }) => checkDrawn(device, elements, bits),
  panels: (device, { elements }) => checkPanels(device, elements),
  large: (device, { elements }) => checkLarge(device, elements),
};

async function main(args: readonly string[]): Promise<boolean> {
  const options = new Options(args);
  const whole = (name: string, other: number, least: number): number =>
    parseWhole(`--${name}`, options.one(name) ?? String(other), least);
  const sizes = {
    elements: whole("elements", 2 ** 31 + 12_345, 2 ** 15),
    cycles: whole("cycles", 10_000, 1),
    bits: options.one("bits") === undefined ? null : whole("bits", 0, 1),
  };
  const named = args.filter((arg, i) => !arg.startsWith("--") && !/^--[^=]+$/.test(args[i - 1] ?? ""));
  const chosen =
    named.length > 0 ? named.map((name) => choose("part", name, Object.keys(parts))) : Object.keys(parts);
  const device = await openDevice("cuda");
  process.stdout.write(`${device.description}\n`);
  let holds = true;
  try {
    for (const part of chosen) {
      const started = performance.now();
      for await (const { what, wrong } of parts[part]!(device, sizes)) {
        process.stdout.write(
          `${wrong === null ? "ok   " : "WRONG"} ${part}: ${what}${wrong === null ? "" : `: ${wrong}`}\n`,
        );
        holds &&= wrong === null;
      }
      process.stdout.write(`      ${part}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    }
  } finally {
    device.dispose();
  }
  return holds;
}

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof UserError || error instanceof LowbitError)) throw error;
  process.stderr.write(`device: ${error.message}\n`);
  process.exitCode = 1;
}
