import type { OptimizerSpec } from "../../spec/schema.js";
import type { Dtype, DtypePlan, ParameterPlan } from "./plan.js";

/** What a spec says of `param`, in its long form. */
export function paramOf({ param = "f32" }: OptimizerSpec) {
  const { dtype = "f32", ...rest } =
    typeof param === "string" || Array.isArray(param) ? { dtype: param } : param;
  return { dtypes: distinct([dtype].flat()), ...rest };
}

/** Each dtype of parameters with each of gradients; where a spec names none of gradients, with its own. */
export function dtypesOf(spec: OptimizerSpec): DtypePlan[] {
  const pairs = paramOf(spec).dtypes.flatMap((param) =>
    distinct([spec.grad ?? param].flat()).map((grad) => ({ param, grad })),
  );
  return pairs.map(({ param, grad }, index) => {
    const name = param === grad ? param : `${param}_${grad}`;
    return { param, grad, suffix: index === 0 ? "" : `_${name}` };
  });
}

export function parameterOf(spec: OptimizerSpec): ParameterPlan {
  const { rounding = "nearest", master = null } = paramOf(spec);
  return { rounding, master };
}

function distinct(dtypes: readonly Dtype[]): Dtype[] {
  return [...new Set(dtypes)];
}
