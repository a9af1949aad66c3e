import type { StateSpec } from "../../spec/schema.js";
import type { Diagnostic } from "../diagnostics.js";
import { isLog } from "../lower/log.js";
import { MAX_ORDERED_RUNS, MAX_TILE, tilingOf } from "../lower/tile.js";
import { granuleOf } from "../lower/variants.js";
import type { Source } from "../parse/source.js";

/** Log mappings are of unsigned states, and of blocks that a workgroup can put in order. */
export function logDiagnostics(states: Readonly<Record<string, StateSpec>>, source: Source): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const blocks: { name: string; unit: number; block: number; ordered: true }[] = [];
  for (const [name, { bits, mapping, signed, normalize, scale = "f32" }] of Object.entries(states)) {
    if (bits >= 16 || !isLog(mapping)) continue;
    if (signed) {
      diagnostics.push({
        code: "E404",
        position: source.key(["states", name, "signed"]),
        message: `${name} is signed, and a log mapping has no level below 0`,
        remedy: `give ${name} signed: false, or mapping: dynamic`,
      });
    }
    if (scale !== "f32") {
      diagnostics.push({
        code: "E404",
        position: source.key(["states", name, "scale"]),
        message: `${name} has a scale in ${scale}, and a log mapping keeps scale and alpha in f32`,
        remedy: `remove scale, or give ${name} another mapping`,
      });
    }
    if (typeof normalize === "object") {
      const { block } = normalize;
      blocks.push({ name, unit: block, block, ordered: true });
    } else if (normalize !== undefined) {
      diagnostics.push({
        code: "E407",
        position: source.key(["states", name, "normalize"]),
        message: `${name} is normalized by ${normalize}, and a log mapping takes the quantiles of blocks`,
        remedy: `give ${name} normalize: { block: 128 } or another block, or mapping: dynamic`,
      });
    }
  }
  const elements = Object.values(states).filter(({ shape = "element" }) => shape === "element");
  const { globalStates } = tilingOf(granuleOf(elements.map(({ bits }) => bits)), blocks);
  for (const name of globalStates) {
    const size = blocks.find((own) => own.name === name)?.block;
    const others = blocks.filter((block) => !globalStates.includes(block.name)).map((block) => block.name);
    const beside = others.length > 0 ? ` beside those of ${others.join(", ")}` : "";
    diagnostics.push({
      code: "E407",
      position: source.key(["states", name, "normalize", "block"]),
      message: `${name} has blocks of ${size} elements, and a log mapping puts whole blocks of whole words in order${beside} within one workgroup, of at most ${MAX_TILE} elements and ${MAX_ORDERED_RUNS} blocks`,
      remedy: `choose a power of two up to ${MAX_TILE}, for example { block: 128 }`,
    });
  }
  return diagnostics;
}
