import type { OptimizerSpec } from "../../spec/schema.js";
import type { Dtype, DtypePlan, ParameterPlan, Plan } from "./plan.js";

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

export function bitsOfDtype(dtype: Dtype): number {
  return dtype === "f32" ? 32 : 16;
}

/** Bits of the second part of a parameter; 0 where it has none. */
export function correctionBits(dtype: Dtype, { master }: ParameterPlan): number {
  return dtype === "f32" || master === null ? 0 : master - 16;
}

/** Bits a parameter that an optimizer keeps: the states of large tensors, and the second part of a parameter. */
export function keptBits({ dtypes, parameter, variants }: Plan): number {
  return (variants[0]?.stateBits ?? 0) + correctionBits(dtypes[0]?.param ?? "f32", parameter);
}

function distinct(dtypes: readonly Dtype[]): Dtype[] {
  return [...new Set(dtypes)];
}
