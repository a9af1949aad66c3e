#!/usr/bin/env node
import module from "node:module";
import { describeError, UserError } from "./errors.js";
import { ownPackage } from "./package-root.js";
import { checkCall, createProgram } from "./program.js";

/** Runs a command line and returns the exit code: 0, or 1 after one clear message on stderr. */
async function run(argv: readonly string[]): Promise<number> {
  const cli = createProgram(ownPackage().version);
  cli.parse(withHelp(argv), { run: false });
  if (cli.options.help || (cli.options.version && cli.matchedCommand === undefined)) return 0;
  if (argv.length === 2) {
    cli.outputHelp();
    return 0;
  }
  checkCall(cli);
  try {
    return await (cli.runMatchedCommand() as Promise<number>);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CACError") throw error;
    throw new UserError(`${error.message} (see lowbit-gen ${cli.matchedCommandName ?? ""} --help)`);
  }
}

/** `lowbit-gen help build` is `lowbit-gen build --help`. */
function withHelp(argv: readonly string[]): string[] {
  return argv[2] === "help" ? [...argv.slice(0, 2), ...argv.slice(3), "--help"] : [...argv];
}

// Node 22 and later keep compiled code between calls, which saves a quarter of a build.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

// `lowbit-gen explain ... | head` closes the pipe early, which is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await run(process.argv);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
