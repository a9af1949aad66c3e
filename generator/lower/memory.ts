import { keptBits } from "./dtypes.js";
import type { Plan, VariantPlan, VariantState } from "./plan.js";

/** What an optimizer keeps of large tensors: their states, and the second part of a parameter. */
export function memoryOf(plan: Plan): string {
  const [variant] = plan.variants;
  return variant === undefined ? "0.000" : memoryOfStates({ ...variant, stateBits: keptBits(plan) });
}

/** What the states of a tensor take: bytes a parameter, and bytes for each of what is fewer. */
export function memoryOfStates({ stateBits, states }: VariantPlan): string {
  const counts = new Map<string, number>();
  for (const unit of states.flatMap(unitsOf)) counts.set(unit, (counts.get(unit) ?? 0) + 4);
  const others = [...counts].map(([unit, bytes]) => `${bytes} a ${unit}`);
  return [(stateBits / 8).toFixed(3), ...others].join(" + ");
}

/** What a state has a float32 for, beside those of blocks. */
function unitsOf({ shape, codec }: VariantState): string[] {
  if (shape !== "element") return [shape === "col" ? "column" : shape];
  if (codec.kind !== "table" || typeof codec.normalize === "object" || codec.normalize === "tensor")
    return [];
  if (codec.normalize === "rank1") return ["row, column and so on"];
  return [codec.normalize === "col" ? "column" : "row"];
}
