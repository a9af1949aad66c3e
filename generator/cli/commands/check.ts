import { memoryOf } from "../../lower/memory.js";
import type { Plan } from "../../lower/plan.js";
import { reportDiagnostics, resolveEach } from "../specs.js";
import { plural } from "../text.js";

/** One line a valid spec on stdout, the diagnostics of the others on stderr. */
export async function check(paths: readonly string[]): Promise<number> {
  let code = 0;
  for (const { path, result } of await resolveEach(paths)) {
    if (result.ok) process.stdout.write(`${path}: ok, ${summarize(result.value)}\n`);
    else {
      reportDiagnostics(path, result.diagnostics);
      code = 1;
    }
  }
  return code;
}

function summarize(plan: Plan): string {
  const { name, states, variants } = plan;
  const [quantized] = variants;
  const passes = plural(quantized?.passes.length ?? 0, "pass", "passes");
  return `${name}: ${plural(states.length, "state")}, ${memoryOf(plan)} bytes a parameter, ${passes}`;
}
