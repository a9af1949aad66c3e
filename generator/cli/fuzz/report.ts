import type { Case } from "./cases.js";
import { Disagreement, type Failure } from "./checks.js";
import { formatSeed } from "./seed.js";
import { describeTensor } from "./tensors.js";

/** Some lines: what differs where, the input, and the call that repeats it. */
export function describeFailure(file: string, { check, seed, path, runs, input, error }: Failure): string {
  const given = Array.isArray(input) ? (input as unknown[]) : [];
  const isCase = error instanceof Disagreement;
  const lines = [
    ...(isCase ? describeDifference(error) : [error instanceof Error ? error.message : String(error)]),
    ...(isCase ? describeCase(given[0] as Case) : [`input:    ${given.map(describeValue).join("; ")}`]),
    `found by: run ${runs}`,
    `repeat:   lowbit-gen fuzz ${file}${isCase ? ` --device ${check.name}` : ""} --seed ${formatSeed(seed, check.name, path)}`,
  ];
  return lines.map((line) => `         ${line}\n`).join("");
}

function describeDifference({ difference }: Disagreement): string[] {
  const { tensor, step, where, what, expected, found } = difference;
  return [
    `${tensor}, step ${step}, ${where}: ${what} differs`,
    `expected: ${expected}`,
    `found:    ${found}`,
  ];
}

/** Settings, then what the parameter and the gradients of every tensor are. */
export function describeCase({ seed, steps, hypers, tensors }: Case): string[] {
  const settings = [
    `seed ${seed}`,
    `steps ${steps}`,
    ...Object.entries(hypers).map(([name, value]) => `${name} ${value}`),
  ];
  return [
    `input:    ${settings.join(", ")}`,
    ...tensors.flatMap(({ p, gradients }, index) => [
      `          tensor${index}: p is ${describeTensor(p)}`,
      ...gradients.map((contents, turn) => {
        const g = { length: p.length, ...contents };
        return `            g${gradients.length > 1 ? `, step ${turn + 1} of ${gradients.length} in turn,` : ""} is ${describeTensor(g)}`;
      }),
    ]),
  ];
}

function describeValue(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (!(value instanceof Float32Array) && !Array.isArray(value)) return String(value);
  const shown = Array.from(value as ArrayLike<unknown>)
    .slice(0, 12)
    .map(describeValue);
  const rest = value.length > 12 ? `, ... (${value.length} in all)` : "";
  return `[${shown.join(", ")}${rest}]`;
}
