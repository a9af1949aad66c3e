import Table from "cli-table3";
import { isQuantized } from "../../lower/codecs.js";
import { memoryOf } from "../../lower/memory.js";
import type { CodecPlan, Plan } from "../../lower/plan.js";
import { findSpecs, resolveFiles } from "../specs.js";

/** A table of specs: what each keeps, and what it costs. */
export async function list(paths: readonly string[]): Promise<number> {
  const specs = await resolveFiles(paths.length > 0 ? paths : findSpecs("spec"));
  if (specs === null) return 1;
  const table = new Table({
    head: ["name", "states", "bytes a parameter", "passes", "reference"],
    colAligns: ["left", "left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { plan } of specs) table.push(row(plan));
  process.stdout.write(`${table.toString()}\n`);
  return 0;
}

function row(plan: Plan): string[] {
  const { name, states, variants, reference } = plan;
  const [quantized] = variants;
  const kept = states.map(({ name, codec }) => `${name}: ${describe(codec)}`);
  return [name, kept.join(", ") || "none", memoryOf(plan), String(quantized?.passes.length ?? 0), reference];
}

function describe(codec: CodecPlan): string {
  return isQuantized(codec) ? `${codec.bits} bits` : codec.kind;
}
