import Table from "cli-table3";
import type { Run } from "./training.js";

/** A row an optimizer. */
export function formatRuns(runs: ReadonlyMap<string, Run>): string {
  const table = new Table({
    head: ["optimizer", "test accuracy", "test loss", "state bytes", "bytes/param", "ms/step", "seconds"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const [name, run] of runs) {
    table.push([
      name,
      `${(run.accuracy * 100).toFixed(2)} %`,
      run.loss.toFixed(4),
      formatCount(run.stateBytes),
      (run.stateBytes / run.parameterCount).toFixed(3),
      run.stepMilliseconds.toFixed(1),
      run.seconds.toFixed(1),
    ]);
  }
  return table.toString();
}

/** 109,386 */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}
