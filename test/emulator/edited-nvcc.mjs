#!/usr/bin/env node
/** nvcc.mjs for kernels in which the environment's EDIT_FROM is EDIT_TO wherever it stands. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "edited-"));
const edited = join(folder, "kernels.cu");
const args = process.argv.slice(2).map((arg) => {
  if (!arg.endsWith(".cu")) return arg;
  writeFileSync(edited, readFileSync(arg, "utf8").replaceAll(process.env.EDIT_FROM, process.env.EDIT_TO));
  return edited;
});
const { status } = spawnSync(join(import.meta.dirname, "nvcc.mjs"), args, { stdio: "inherit" });
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
