import type { DeviceKind } from "../../../runtime/index.js";
import type { Dtype, MathMode, Plan } from "../../lower/plan.js";
import { UserError } from "../errors.js";
import { choose, type Options, parseWhole } from "../options.js";
import { parseDevice } from "../replay/settings.js";
import type { Turns } from "./measure.js";
import { type ShapesName, shapesNames } from "./shapes.js";

export interface Settings extends Turns {
  /** The best there is where it is undefined. */
  readonly kind: DeviceKind | undefined;
  readonly shapes: readonly ShapesName[];
  readonly shrink: number;
  /** Of p and g; the spec's own where it is undefined. */
  readonly dtype: Dtype | undefined;
  /** The spec's own where it is undefined. */
  readonly math: MathMode | undefined;
}

const dtypes: readonly Dtype[] = ["f32", "bf16", "f16"];

/** @throws {UserError} naming the option that is wrong */
export function parseSettings(options: Options): Settings {
  const count = (name: string, other: number): number =>
    parseWhole(`--${name}`, options.one(name) ?? String(other), 1);
  const names = options.list("shapes").map((name) => choose("set of shapes", name, shapesNames));
  const [dtype, math] = [options.one("param"), options.one("math")];
  return {
    kind: parseDevice(options),
    shapes: names.length > 0 ? ([...new Set(names)] as ShapesName[]) : ["gpt2"],
    shrink: count("shrink", 1),
    dtype: dtype === undefined ? undefined : (choose("dtype", dtype, dtypes) as Dtype),
    math: math === undefined ? undefined : (choose("math", math, ["exact", "fast"]) as MathMode),
    steps: count("steps", 20),
    warmup: count("warmup", 3),
  };
}

/**
 * The plan with p and g of one dtype, by default the first that the spec lists. Nothing else of it depends on that where
 * p is rounded to the nearest.
 *
 * @throws {UserError} where the spec says more of its parameters, and not for this dtype
 */
export function withDtype(plan: Plan, dtype: Dtype | undefined): Plan {
  const { name, dtypes: listed, parameter } = plan;
  const [first] = listed;
  if (dtype === undefined && first !== undefined) return { ...plan, dtypes: [first] };
  const own = listed.find(({ param, grad }) => param === dtype && grad === dtype);
  const plain = parameter.master === null && parameter.rounding === "nearest";
  if (dtype === undefined || (own === undefined && !plain)) {
    const known = [...new Set(listed.map(({ param }) => param))].join(", ");
    throw new UserError(
      `${name} says how its parameters of ${known} are rounded, and --param ${dtype} would be another spec: ` +
        `list ${dtype} in it under param, or leave --param out`,
    );
  }
  return { ...plan, dtypes: [{ param: dtype, grad: dtype, suffix: "" }] };
}
