import type { Diagnostic } from "../diagnostics.js";
import type { Plan } from "../lower/plan.js";
import { MAX_TILE } from "../lower/tile.js";
import type { Source } from "../parse/source.js";

/**
 * What only the plan shows: the runs of a state with 16-bit scales must lie within one workgroup's tile. A scale
 * measured over the whole tensor is copied from where its maximum was found, which is a float32.
 */
export function planDiagnostics({ states, variants }: Plan, source: Source): Diagnostic[] {
  const isGlobal = new Set(
    variants.flatMap(({ passes }) =>
      passes.flatMap((pass) => ("globalStates" in pass ? pass.globalStates : [])),
    ),
  );
  return states.flatMap(({ name, codec }): Diagnostic[] => {
    if (codec.kind !== "table" || codec.scale === "f32" || !isGlobal.has(name)) return [];
    const { scale, normalize } = codec;
    const remedy =
      typeof normalize === "string"
        ? `remove scale: normalize: ${normalize} keeps it in f32, which costs next to nothing`
        : `give all states blocks of which ${MAX_TILE} elements hold whole pairs, such as 128 and 2048, or remove scale`;
    const message = `the scale of ${name} is measured over the whole tensor and cannot be kept in ${scale}`;
    return [{ code: "E405", position: source.key(["states", name, "scale"]), message, remedy }];
  });
}
