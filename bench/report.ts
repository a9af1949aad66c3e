import Table from "cli-table3";
import type { Circumstances } from "../generator/cli/bench/machine.js";
import { formatNumber } from "../generator/cli/bench/statistics.js";
import { type Figure, type Part, parts } from "./figures.js";

const head = ["what", "median", "best", "unit", "goal"];

const cells = ({ what, median, best, unit, goal }: Figure): string[] => [
  what,
  formatNumber(median),
  formatNumber(best),
  unit,
  goal ?? "",
];

/** For the terminal. */
export function formatTable(part: Part, figures: readonly Figure[]): string {
  const table = new Table({
    head,
    colAligns: ["left", "right", "right", "left", "left"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...figures.map(cells));
  return `${parts[part]}\n${figures.length > 0 ? table.toString() : NOTHING}`;
}

/** For the README. */
export function formatMarkdown(circumstances: Circumstances, figures: readonly Figure[]): string {
  const sections = (Object.keys(parts) as Part[]).map((part) => {
    const own = figures.filter((one) => one.part === part);
    const rows = [head, ["---", "---:", "---:", "---", "---"], ...own.map(cells)];
    const table = rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
    return `### ${parts[part]}\n\n${own.length > 0 ? table : NOTHING}\n`;
  });
  return `${formatCircumstances(circumstances)}\n\n${sections.join("\n")}`;
}

const NOTHING = "Not measured: what it needs is not on this machine.";

export function formatCircumstances(circumstances: Circumstances): string {
  const { date, commit, processor, cores, system, node } = circumstances;
  return `${date.slice(0, 10)}, commit ${commit}, ${processor}, ${cores} cores, ${system}, Node ${node}.`;
}
