import { cac } from "cac";
import { UserError } from "./errors.js";
import { optimizers } from "./optimizers.js";

export interface Options {
  /** undefined: webgpu where there is a GPU, else typescript */
  readonly device: "webgpu" | "typescript" | undefined;
  readonly optimizers: readonly string[];
  readonly epochs: number;
  readonly seed: number;
}

/**
 * @returns null where the help was asked for, and has been printed
 * @throws {UserError} what was found and what is allowed
 */
export function parseOptions(argv: readonly string[]): Options | null {
  const cli = cac("npm start --");
  const names = Object.keys(optimizers).join(",");
  cli
    .command("", "Train a network on handwritten digits with generated optimizers")
    .option("--device <name>", "webgpu or typescript (default: webgpu where there is a GPU)")
    .option("--optimizers <names>", "Optimizers to compare, joined by commas", { default: names })
    .option("--epochs <count>", "Times that every training digit is seen", { default: 6 })
    .option("--seed <number>", "Of the starting weights and the order of the digits", { default: 1 })
    .action(() => {});
  cli.help((sections) =>
    sections.filter(({ title }) => title !== "Commands" && !title?.startsWith("For more")),
  );
  const { options } = cli.parse([...argv], { run: false });
  if (options.help === true) return null;
  if (cli.args.length > 0)
    throw new UserError(`there is no argument ${cli.args[0]}: see npm start -- --help`);
  try {
    cli.runMatchedCommand();
  } catch (error) {
    throw new UserError(`${(error as Error).message}: see npm start -- --help`);
  }
  return {
    device: readDevice(options.device),
    optimizers: readOptimizers(String(options.optimizers)),
    epochs: readWhole("--epochs", options.epochs, 1),
    seed: readWhole("--seed", options.seed, 0),
  };
}

function readDevice(value: unknown): Options["device"] {
  if (value === undefined || value === "webgpu" || value === "typescript") return value;
  throw new UserError(`there is no device ${String(value)}: name webgpu or typescript`);
}

function readOptimizers(list: string): string[] {
  const names = list.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !Object.hasOwn(optimizers, name));
  if (unknown === undefined) return names;
  throw new UserError(
    `there is no optimizer ${JSON.stringify(unknown)} here: name some of ${Object.keys(optimizers).join(", ")}`,
  );
}

function readWhole(option: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError(`${option} is ${String(value)}: give a whole number from ${least} on`);
}
