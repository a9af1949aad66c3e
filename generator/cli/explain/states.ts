import { describeState } from "../../build/index.js";
import type { CodecPlan, Plan, StatePlan, TableCodec } from "../../lower/plan.js";
import { shortestFloat } from "../../print/index.js";
import { bytes, columns, section, sideBySide } from "../text.js";

const WIDTH = 100;

/** One section a state: what it is stored as, how that lies in memory, and its table. */
export function statePages({ states, streams }: Plan): string[] {
  return states.map((state) => {
    const stream = streams.find((candidate) => candidate.state === state.name);
    return section(`State ${state.name}: ${describeState(state.shape, state.codec)}`, [
      ...columns(factsOf(state, stream?.index)),
      ...(state.codec.kind === "table" ? tableLines(state.codec) : []),
    ]);
  });
}

function factsOf({ shape, codec, minSize }: StatePlan, stream: number | undefined): string[][] {
  const layout = shape === "element" ? layoutOf(codec) : `a float32 a ${shape === "col" ? "column" : shape}`;
  const facts = [["layout", layout]];
  if (codec.kind === "table") facts.push(["scales", scalesOf(codec)]);
  if (codec.kind !== "f32") facts.push(["rounding", roundingOf(codec, stream)]);
  if (minSize > 0) facts.push(["small", `tensors of fewer than ${minSize} elements keep it in float32`]);
  return facts;
}

function layoutOf(codec: CodecPlan): string {
  if (codec.kind === "f32") return "a float32 an element: 4.000 bytes a parameter";
  const { bits } = codec;
  const fitting = 32 % bits === 0 ? `${32 / bits} a 32-bit word` : "across 32-bit words";
  const what = codec.kind === "bf16" ? "bfloat16" : `codes of ${bits} ${bits === 1 ? "bit" : "bits"}`;
  return `${what}, ${fitting}, the first in the lowest bits: ${bytes(bits)} bytes a parameter`;
}

function scalesOf({ normalize }: TableCodec): string {
  const what = "a float32 s, the greatest finite |x|,";
  if (normalize === "rank1")
    return `${what} for each index of each dimension; an element's is the least that meet at it`;
  if (typeof normalize === "string")
    return `${what} for ${normalize === "tensor" ? "the tensor" : normalize === "row" ? "a row" : "a column"}`;
  return `${what} for ${normalize.block} elements: ${bytes(32 / normalize.block)} bytes a parameter`;
}

function roundingOf(
  { kind, rounding }: Exclude<CodecPlan, { kind: "f32" }>,
  stream: number | undefined,
): string {
  if (rounding === "stochastic") {
    return `to one of the two neighbours of ${kind === "bf16" ? "x" : "n = x/s"}, on average right; random stream ${stream}`;
  }
  return kind === "bf16"
    ? "to the nearest, ties to even"
    : "to the nearest level: the number of thresholds <= n = x/s";
}

/** Every level, and the threshold from which nearest rounding takes it. */
function tableLines({ levels, thresholds, rounding }: TableCodec): string[] {
  const head = rounding === "nearest" ? ["code", "level", "from n ="] : ["code", "level"];
  const rows = levels.map((level, code) => {
    const threshold = thresholds[code - 1];
    const from = threshold === undefined ? "-inf" : shortestFloat(threshold);
    return [String(code), shortestFloat(level), from].slice(0, head.length);
  });
  if (rows.length <= 16) return ["", ...columns([head, ...rows], [0, 1, 2])];
  return ["", head.join(", "), ...sideBySide(columns(rows, [0, 1, 2]), WIDTH)];
}
