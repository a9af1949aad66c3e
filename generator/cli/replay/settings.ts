import type { DeviceKind } from "../../../runtime/index.js";
import { targets } from "../../../templates/index.js";
import type { Plan } from "../../lower/plan.js";
import { suggest } from "../../nearest.js";
import { UserError } from "../errors.js";
import { choose, type Options, parseNumber, parseWhole } from "../options.js";

/** Device APIs that some target has kernels for. */
export const deviceKinds = targets.flatMap(({ module }) => (module === null ? [] : [module.api]));

/** `lr=3e-4` and so on to hypers of a plan. */
export function parseHypers(texts: readonly string[], plan: Plan): Record<string, number> {
  const known = plan.hypers.map(({ name }) => name);
  const values: Record<string, number> = {};
  for (const text of texts) {
    const [, name, number] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || number === undefined) {
      throw new UserError(`--hyper ${text} is not NAME=NUMBER, for example lr=3e-4`);
    }
    if (!known.includes(name)) {
      const remedy = known.length === 0 ? "it has none" : suggest(name, known);
      throw new UserError(`${plan.name} has no hyper ${JSON.stringify(name)}: ${remedy}`);
    }
    if (Object.hasOwn(values, name)) throw new UserError(`--hyper gives ${name} twice: give it once`);
    const value = parseNumber(number);
    if (value === undefined) {
      throw new UserError(`--hyper ${text}: ${JSON.stringify(number)} is not a finite number such as 3e-4`);
    }
    values[name] = value;
  }
  return values;
}

/** The steps to write, ascending; the last one where none is named. */
export function parseSnapshots(texts: readonly string[], steps: number): number[] {
  if (texts.length === 0) return [steps];
  const wanted = texts.map((text) => {
    const step = parseWhole("a step of --snapshots", text, 1);
    if (step <= steps) return step;
    throw new UserError(`--snapshots names step ${step}, but the input has gradients of ${steps} steps`);
  });
  return [...new Set(wanted)].sort((a, b) => a - b);
}

export function parseDevice(options: Options): DeviceKind | undefined {
  const device = options.one("device");
  return device === undefined ? undefined : (choose("device", device, deviceKinds) as DeviceKind);
}
