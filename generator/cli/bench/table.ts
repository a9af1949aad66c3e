import Table from "cli-table3";
import type { BenchFile, BenchResult } from "./result.js";
import { formatNumber, summarize } from "./statistics.js";

const head = [
  "spec",
  "shapes",
  "p, math",
  "step, ms: min",
  "median",
  "max",
  "MB",
  "GB/s",
  "of the copy",
  "with +",
];

/** What was measured on what, a row a result, and what the columns are. */
export function formatResults({ device, turns, results, ...circumstances }: BenchFile): string {
  const table = new Table({
    head,
    colAligns: ["left", "left", "left", "right", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...results.map(row));
  const rates = summarize(results.map(({ copy }) => copy.gigabytesPerSecond));
  const { version, commit, processor, cores, system, node } = circumstances;
  return [
    `${device.kind}: ${device.name}`,
    `${processor}, ${cores} cores, ${system}, Node ${node}, lowbit-gen ${version}, commit ${commit}`,
    table.toString(),
    `Steps: ${device.timing}; ${turns.steps} after ${turns.warmup}, caches overwritten before each.`,
    `Copy: ${device.copy}, before each step, ${formatNumber(rates.min)} to ${formatNumber(rates.max)} GB/s (medians).`,
    describeHost(results),
    "MB: p read and written, g read, states and scales read and written; +: what earlier passes read again.",
    "",
  ].join("\n");
}

/** What calls of step cost, and where that shows in the times above. */
function describeHost(results: readonly BenchResult[]): string {
  const calls = summarize(results.map(({ host }) => host.milliseconds.median));
  const late = results
    .filter(({ host }) => host.lateSteps > 0)
    .map(({ spec, shapes, host }) => `${host.lateSteps} of ${spec}, ${shapes}`);
  const waits = late.length === 0 ? "" : `; steps in which the device waited for it: ${late.join("; ")}`;
  return `Host: a call of step returns after ${formatNumber(calls.min)} to ${formatNumber(calls.max)} ms (medians)${waits}.`;
}

function row({
  spec,
  shapes,
  shrink,
  param,
  math,
  stepMilliseconds: step,
  bytes,
  ...rates
}: BenchResult): string[] {
  const megabytes = (count: number): string => formatNumber(count / 1e6);
  const extra = bytes.extraReads === 0 ? "" : ` + ${megabytes(bytes.extraReads)}`;
  return [
    spec,
    shrink === 1 ? shapes : `${shapes} / ${shrink}`,
    `${param}, ${math}`,
    ...[step.min, step.median, step.max].map(formatNumber),
    `${megabytes(bytes.counted)}${extra}`,
    formatNumber(rates.gigabytesPerSecond),
    rates.fraction.toFixed(3),
    bytes.extraReads === 0 ? "" : rates.fractionWithExtraReads.toFixed(3),
  ];
}
