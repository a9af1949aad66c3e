import { type CAC, cac } from "cac";
import { suggest } from "../nearest.js";
import { UserError } from "./errors.js";
import { choose, Options } from "./options.js";

/** Runs a command and returns the exit code. */
type Run = (args: readonly string[], options: Options) => Promise<number>;

interface CommandRow {
  /** Its name and arguments, as cac spells them. */
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly (readonly [flag: string, meaning: string])[];
  readonly example: string;
  /** Loads what the command needs, and nothing more: `check` must not wait for a compiler. */
  readonly run: Run;
}

const commands: readonly CommandRow[] = [
  {
    usage: "init <name>",
    summary: "Write a commented spec to start from",
    options: [["--out <dir>", "Folder of the spec (default: spec)"]],
    example: "lowbit-gen init my-adam",
    run: async ([name = ""], options) => (await import("./commands/init.js")).init(name, options),
  },
  {
    usage: "check <...specs>",
    summary: "Say whether specs are valid, or what is wrong with them and where",
    options: [],
    example: "lowbit-gen check spec/*.yaml",
    run: async (specs) => (await import("./commands/check.js")).check(specs),
  },
  {
    usage: "explain <spec>",
    summary: "Show tables, layout, passes and bytes a parameter, or any stage of the compiler",
    options: [["--stage <stage>", "spec, plan, ir, or the name of a target: its files"]],
    example: "lowbit-gen explain spec/my-adam.yaml --stage ir",
    run: async ([spec = ""], options) => (await import("./commands/explain.js")).explain(spec, options),
  },
  {
    usage: "build <...specs>",
    summary: "Write a package for each spec to <dir>/<name>/",
    options: [
      ["--target <names>", "Targets, joined by commas or given several times (default: all)"],
      ["--out <dir>", "Folder of the packages (default: generated)"],
      ["--arch <names>", "GPUs to compile CUDA for, such as sm_90 (default: those that are common)"],
      ["--no-compile", "Leave it at the sources: call no compiler"],
    ],
    example: "lowbit-gen build spec/*.yaml --target typescript,wgsl",
    run: async (specs, options) => (await import("./commands/build.js")).buildPackages(specs, options),
  },
  {
    usage: "native",
    summary: "Build the native addon, which the devices cuda and cpu need, where g++ and cmake are found",
    options: [],
    example: "lowbit-gen native",
    run: async () => (await import("./commands/native.js")).buildNative(),
  },
  {
    usage: "list [...specs]",
    summary: "Compare specs: bits, bytes a parameter, passes (default: those in spec/)",
    options: [],
    example: "lowbit-gen list",
    run: async (specs) => (await import("./commands/list.js")).list(specs),
  },
  {
    usage: "replay <spec> [...k=v]",
    summary: "Run an optimizer over the gradients of a recorded run",
    options: [
      ["--input <file>", "safetensors with p0/<tensor> and g1/<tensor>, g2/<tensor>, ... (F32)"],
      ["--out <file>", "safetensors to write: p<step>/<tensor> for every snapshot"],
      ["--device <device>", "cuda, cpu, webgpu or typescript (default: the best there is)"],
      ["--hyper <k=v>", "Hypers that differ from the spec's: --hyper lr=3e-4 beta1=0.8"],
      ["--seed <seed>", "Seed of stochastic rounding (default: 0)"],
      ["--snapshots <steps>", "Steps to write, joined by commas (default: the last one)"],
      ["--states", "Also write the decoded states: s<step>/<tensor>/<state>"],
    ],
    example:
      "lowbit-gen replay spec/my-adam.yaml --input trace.safetensors --out result.safetensors --snapshots 1,10",
    run: async (args, options) => (await import("./commands/replay.js")).replay(args, options),
  },
  {
    usage: "fuzz <...specs>",
    summary: "Test specs on hostile tensors: codec invariants, and every device against the evaluator",
    options: [
      ["--device <devices>", "typescript, cpu, webgpu, cuda or all (default: those there are)"],
      ["--runs <count>", "Random cases of each property (default: 100)"],
      ["--seed <seed>", "Repeat the run that printed this seed"],
    ],
    example: "lowbit-gen fuzz spec/my-adam.yaml --runs 1000",
    run: async (specs, options) => (await import("./commands/fuzz.js")).runFuzz(specs, options),
  },
  {
    usage: "bench [...specs]",
    summary:
      "Time steps beside a copy on the same device: bytes moved, fraction of its bandwidth (default: spec/)",
    options: [
      ["--device <device>", "cuda, cpu, webgpu or typescript (default: the best there is)"],
      [
        "--shapes <names>",
        "gpt2 (124 M), llama (1.48 G), small (2,000 of 128 x 128), one (268 M) (default: gpt2)",
      ],
      ["--shrink <n>", "n times fewer rows in every matrix, of small n times fewer tensors (default: 1)"],
      ["--param <dtype>", "f32, bf16 or f16, of parameters and gradients (default: the first of the spec)"],
      ["--math <mode>", "exact or fast, of any spec (default: the spec's own)"],
      ["--steps <count>", "Steps that are measured (default: 20)"],
      ["--warmup <count>", "Steps before them (default: 3)"],
      ["--json <file>", "Write all figures there too"],
    ],
    example: "lowbit-gen bench spec/adamw-8bit.yaml --device cpu --shapes gpt2,one --shrink 16",
    run: async (specs, options) => (await import("./commands/bench.js")).bench(specs, options),
  },
  {
    usage: "schema",
    summary: "Print the JSON Schema of specs, for editors",
    options: [["--out <file>", "File to write instead"]],
    example: "lowbit-gen schema --out spec/optimizer.schema.json",
    run: async (_, options) => (await import("./commands/schema.js")).schema(options),
  },
];

/** The commands and their help. An action returns the exit code. */
export function createProgram(version: string): CAC {
  const cli = cac("lowbit-gen");
  for (const { usage, summary, options, example, run } of commands) {
    const command = cli.command(usage, summary);
    for (const [flag, meaning] of options) command.option(flag, meaning);
    command.example(`  $ ${example}`);
    command.action(() => run(cli.args, new Options(cli.rawArgs.slice(2))));
  }
  cli.help((sections) => {
    const [head, ...rest] = sections.filter(({ title }) => !title?.startsWith("For more info"));
    const about =
      cli.matchedCommand?.description ?? "Compiles small specs of low-bit optimizers to fused kernels";
    return [...(head === undefined ? [] : [head]), { body: about }, ...rest];
  });
  cli.version(version);
  return cli;
}

/** Refuses what no command, argument or option is, with the nearest that is. */
export function checkCall(cli: CAC): void {
  const { commands, matchedCommand: command, globalCommand, args } = cli;
  if (command === undefined) {
    if (args[0] !== undefined)
      choose(
        "command",
        args[0],
        commands.map(({ name }) => name),
      );
    refuseUnknownOptions(cli, "lowbit-gen", globalCommand.options);
    return;
  }
  // cac would take the next argument for the value.
  const empty = cli.rawArgs.find((arg) => /^--[^=]+=$/.test(arg));
  if (empty !== undefined) throw new UserError(`${empty.slice(0, -1)} is empty: give it a value`);
  const { name, rawName, options, args: expected } = command;
  const own = globalCommand.options.filter((option) => option.name === "help");
  refuseUnknownOptions(cli, name, [...options, ...own]);
  if (args.length < expected.filter(({ required }) => required).length) {
    throw new UserError(`${name} needs more: lowbit-gen ${rawName} (see lowbit-gen ${name} --help)`);
  }
  if (args.length > expected.length && !expected.some(({ variadic }) => variadic)) {
    throw new UserError(`${name} does not take ${args[expected.length]}: lowbit-gen ${rawName}`);
  }
}

function refuseUnknownOptions(cli: CAC, what: string, known: CAC["globalCommand"]["options"]): void {
  const names = new Set(["--", ...known.flatMap((option) => option.names)]);
  const unknown = Object.keys(cli.options).find((name) => !names.has(name));
  if (unknown === undefined) return;
  const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
  const allowed = known.map(({ name }) => dashed(name));
  throw new UserError(`${what} has no option ${dashed(unknown)}: ${suggest(dashed(unknown), allowed)}`);
}
