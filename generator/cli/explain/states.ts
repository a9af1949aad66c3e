import { describeState } from "../../build/index.js";
import { isQuantized, scaleWidth } from "../../lower/codecs.js";
import { keptBy, momentumLimits } from "../../lower/momentum.js";
import type { CodecPlan, LogCodec, Plan, QuantizedCodec, StatePlan, TableCodec } from "../../lower/plan.js";
import { shortestFloat } from "../../print/index.js";
import { bytes, columns, section, sideBySide } from "../text.js";

const WIDTH = 100;

/** One section a state: what it is stored as, how that lies in memory, and its table. */
export function statePages(plan: Plan): string[] {
  const { states, streams } = plan;
  return states.map((state) => {
    const stream = streams.find((candidate) => candidate.state === state.name);
    return section(`State ${state.name}: ${describeState(state.shape, state.codec)}`, [
      ...columns([...factsOf(state, stream?.index), ...noiseOf(state, plan)]),
      ...(state.codec.kind === "table" ? tableLines(state.codec) : []),
    ]);
  });
}

function factsOf({ shape, codec, minSize }: StatePlan, stream: number | undefined): string[][] {
  const layout = shape === "element" ? layoutOf(codec) : `a float32 a ${shape === "col" ? "column" : shape}`;
  const facts = [["layout", layout]];
  if (isQuantized(codec)) facts.push(["scales", scalesOf(codec)]);
  if (codec.kind === "log") facts.push(["alphas", alphasOf(codec)], ["levels", logLevelsOf(codec)]);
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

/** How large the factor may be by which a rule keeps a signed state: lower/momentum.ts derives it. */
function noiseOf({ name, codec }: StatePlan, plan: Plan): string[][] {
  const beta = keptBy(name, plan);
  if (beta === undefined || codec.kind !== "table" || !codec.signed) return [];
  const { error, scratch, fineTuning } = momentumLimits(codec);
  const [fromScratch, tuning] = [scratch, fineTuning].map((limit) => limit.toFixed(2));
  return [
    [
      "noise",
      `rounding is off by at most ${shortest(error)} s, which ${beta} makes ${beta}/(1 - ${beta}) times as much`,
    ],
    [
      "",
      `it stays what 0.8 gives at 4 bits up to ${beta} = ${fromScratch}; for fine-tuning, up to ${tuning}`,
    ],
  ];
}

const shortest = (value: number): string => String(Number(value.toPrecision(3)));

function alphasOf({ normalize, bits, quantile }: LogCodec): string {
  const power = 2 ** bits - 1;
  return `a float32 for each scale, (x_q / s)^(1/${power}), x_q the ${shortest(quantile)} quantile of |x| above 0: ${bytes(32 / normalize.block)} bytes a parameter`;
}

function logLevelsOf({ bits }: LogCodec): string {
  return `code k is alpha^k s, k = 0 to ${2 ** bits - 1}; a zero takes the last, which is then at most s/8`;
}

function scalesOf({ normalize, scale, scaleOf }: QuantizedCodec): string {
  const what = `${scaleText(scale, scaleOf)},`;
  if (normalize === "rank1")
    return `${what} for each index of each dimension; an element's is the least that meet at it`;
  if (typeof normalize === "string")
    return `${what} for ${normalize === "tensor" ? "the tensor" : normalize === "row" ? "a row" : "a column"}`;
  const width = scaleWidth[scale];
  return `${what} for ${normalize.block} elements: ${bytes(width / normalize.block)} bytes a parameter`;
}

function scaleText(scale: TableCodec["scale"], scaleOf: TableCodec["scaleOf"]): string {
  const greatest = "the greatest finite |x|";
  if (scale === "f32") return `a float32 s, ${greatest}`;
  const format = scale === "f16" ? "float16" : "bfloat16";
  if (scaleOf === "absmax") return `s, ${greatest} to the nearest ${format}`;
  return `s, the square of a ${format}, the nearest to the root of ${greatest}`;
}

function roundingOf(
  { kind, rounding }: Exclude<CodecPlan, { kind: "f32" }>,
  stream: number | undefined,
): string {
  if (rounding === "stochastic") {
    if (kind === "log")
      return `to one of the two neighbours, on average right in log x; random stream ${stream}`;
    return `to one of the two neighbours of ${kind === "bf16" ? "x" : "n = x/s"}, on average right; random stream ${stream}`;
  }
  if (kind === "log") return "to the nearest level in log x";
  return kind === "bf16"
    ? "to the nearest, ties to even"
    : "to the nearest level: the number of thresholds <= n = x/s";
}

/** Every level, and the threshold from which nearest rounding takes it. */
function tableLines({ levels, thresholds, rounding }: TableCodec): string[] {
  const head = rounding === "nearest" ? ["code", "level", "from n ="] : ["code", "level"];
  // A mapping of fewer levels repeats its last, which no n takes.
  const rows = levels.slice(0, thresholds.length + 1).map((level, code) => {
    const threshold = thresholds[code - 1];
    const from = threshold === undefined ? "-inf" : shortestFloat(threshold);
    return [String(code), shortestFloat(level), from].slice(0, head.length);
  });
  if (rows.length <= 16) return ["", ...columns([head, ...rows], [0, 1, 2])];
  return ["", head.join(", "), ...sideBySide(columns(rows, [0, 1, 2]), WIDTH)];
}
