import { typed } from "../ir/expr.js";
import type { StateVariables } from "../ir/types.js";
import type { Names } from "./names.js";

/** The names by which a kernel's fragments and the loops around them know the values of one state. */
export function stateVariables(state: string, names: Names): StateVariables {
  const f32 = (suffix: string) => typed(names.fresh(`${state}_${suffix}`), "f32");
  const u32 = (suffix: string) => typed(names.fresh(`${state}_${suffix}`), "u32");
  return {
    old: typed(state, "f32"),
    value: f32("out"),
    code: u32("code"),
    scale: typed(`${state}_scale`, "f32"),
    magnitude: f32("magnitude"),
    key: u32("sort_key"),
    keyed: f32("keyed"),
    absmax: f32("absmax"),
    newScale: f32("new_scale"),
    scaleRun: u32("scale_run"),
    scaleWord: u32("scale_word"),
    scaleShift: u32("scale_shift"),
    scaleBits: u32("scale_bits"),
    scaleCode: u32("scale_code"),
    newScaleCode: u32("new_scale_code"),
    inverse: f32("inverse"),
    newCode: u32("new_code"),
    alpha: typed(`${state}_alpha`, "f32"),
    newAlpha: f32("new_alpha"),
    rate: f32("rate"),
    root: f32("root"),
    rest: u32("rest"),
    runLength: u32("length"),
    counted: u32("counted"),
    rank: u32("rank"),
    lower: f32("lower"),
    upper: f32("upper"),
    word: u32("word"),
    shift: u32("shift"),
    low: u32("low"),
    high: u32("high"),
    key0: typed(`${state}_key0`, "u32"),
    key1: typed(`${state}_key1`, "u32"),
    stream0: u32("stream0"),
    stream1: u32("stream1"),
  };
}
