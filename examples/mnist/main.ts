/** Builds every spec, then trains the same network on real digits with a 32-bit optimizer and with low-bit ones. */
import { SpecError } from "lowbit-gen";
import { type Device, LowbitError, openDevice } from "lowbit-gen/runtime";
import { loadDigits } from "./digits.js";
import { UserError } from "./errors.js";
import { optimizers } from "./optimizers.js";
import { type Options, parseOptions } from "./options.js";
import { showProgress } from "./progress.js";
import { formatCount, formatRuns } from "./report.js";
import { buildSpecs } from "./specs.js";
import { type Run, stepsOf, train, WIDTHS } from "./training.js";

const LEARNING_RATE = 5e-3;

async function main({ device: kind, optimizers: names, epochs, seed }: Options): Promise<void> {
  const started = performance.now();
  const specs = await buildSpecs();
  print(`Built ${specs.length} specs in ${secondsSince(started)} s: ${specs.join(", ")}`);

  const device = await open(kind);
  print(`Device: ${describeDevice(device, kind)}`);

  const digits = loadDigits();
  print(
    `Network: ${WIDTHS.join("-")}; digits: ${formatCount(digits.train.count)} to train on, ` +
      `${formatCount(digits.test.count)} to test with`,
  );
  const runs = new Map<string, Run>();
  for (const name of names) {
    const progress = showProgress(name, stepsOf(digits.train, 1));
    const settings = { epochs, learningRate: LEARNING_RATE, seed };
    runs.set(name, await train(device, optimizers[name]!, digits, settings, progress.watch));
    progress.stop();
  }
  device.dispose();
  print(formatRuns(runs));
  print(`All of it took ${secondsSince(started)} s.`);
}

/** Without a name, a device that needs no compiler but this package's own: WebGPU on a GPU, or TypeScript. */
async function open(kind: Options["device"]): Promise<Device> {
  if (kind !== undefined) return openDevice(kind);
  try {
    const device = await openDevice("webgpu");
    if (!device.description.endsWith("(software)")) return device;
    device.dispose();
  } catch (error) {
    if (!(error instanceof LowbitError && error.code === "no-webgpu")) throw error;
  }
  return openDevice("typescript");
}

function describeDevice({ kind, description }: Device, asked: Options["device"]): string {
  const reason = asked === undefined && kind === "typescript" ? "; WebGPU found no GPU here" : "";
  return `${kind} (${description}${reason})`;
}

/** One message for what is expected; a defect shows where it is. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = [UserError, LowbitError, SpecError].some((kind) => error instanceof kind);
  return expected ? error.message : (error.stack ?? error.message);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

try {
  const options = parseOptions(process.argv);
  if (options !== null) await main(options);
} catch (error) {
  process.stderr.write(`mnist: ${describeError(error)}\n`);
  process.exitCode = 1;
}
