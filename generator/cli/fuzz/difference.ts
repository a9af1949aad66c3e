import { isQuantized } from "../../lower/codecs.js";
import type { CodecPlan, QuantizedCodec, VariantPlan } from "../../lower/plan.js";
import { correctionName } from "../../names.js";
import { codeAt, formatCode, formatFloat, fromBits, restDifference, sameFloat } from "./bits.js";
import type { StoredScales } from "./halves.js";
import type { TensorImage } from "./reference.js";

/** Where in a tensor a device is not what it may be, and both values as text. */
export interface Place {
  /** `the parameter`, `the code of m`, `the scale of m`. */
  readonly what: string;
  /** `element 5`, `run 0`. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

export interface Difference extends Place {
  readonly tensor: string;
}

type Values = Omit<Place, "what">;

/** The first bit in which two images of a tensor differ; every NaN is the same. */
export function firstDifference(
  variant: VariantPlan,
  expected: TensorImage,
  found: TensorImage,
): Difference | null {
  const pairOf = (array: string) => [expected.arrays[array], found.arrays[array]] as const;
  const at = (what: string, place: Values | null): Difference | null =>
    place === null ? null : { tensor: expected.name, what, ...place };
  const parameter = at("the parameter", parameterDifference(expected, found));
  if (parameter !== null) return parameter;
  const rest = pairOf(correctionName) as Pair<Uint32Array>;
  if (rest[0] !== undefined) {
    const correction = at("the correction of the parameter", wordDifference(...rest));
    if (correction !== null) return correction;
  }
  for (const { name, shape, codec } of variant.states) {
    const difference =
      codec.kind === "f32"
        ? at(name, floatDifference(shape, ...(pairOf(name) as Pair<Float32Array>)))
        : (at(
            `the scale of ${name}`,
            codec.kind === "bf16"
              ? null
              : scaleDifference(codec, ...(pairOf(`${name}_scale`) as Pair<StoredScales>)),
          ) ??
          at(
            `the alpha of ${name}`,
            codec.kind === "log"
              ? floatDifference("run", ...(pairOf(`${name}_alpha`) as Pair<Float32Array>))
              : null,
          ) ??
          at(
            `the code of ${name}`,
            codeDifference(codec, expected.length, ...(pairOf(arrayOf(name, codec)) as Pair<Uint32Array>)),
          ));
    if (difference !== null) return difference;
  }
  return null;
}

type Pair<T> = readonly [T, T];

function parameterDifference(expected: TensorImage, found: TensorImage): Values | null {
  const [wanted, got] = [expected.arrays.p, found.arrays.p];
  if (!(wanted instanceof Uint16Array && got instanceof Uint16Array))
    return floatDifference("element", wanted as Float32Array, got as Float32Array);
  const infinity = expected.dtypes?.param === "f16" ? 0x7c00 : 0x7f80;
  const isNan = (code: number): boolean => (code & 0x7fff) > infinity;
  const index = wanted.findIndex((code, i) => code !== got[i] && !(isNan(code) && isNan(got[i] as number)));
  if (index < 0) return null;
  const [code, other] = [wanted[index] as number, got[index] as number];
  return { where: `element ${index}`, expected: formatCode(code), found: formatCode(other) };
}

function wordDifference(expected: Uint32Array, found: Uint32Array): Values | null {
  const index = expected.findIndex((word, i) => word !== found[i]);
  if (index < 0) return null;
  const [wanted, got] = [expected[index] as number, found[index] as number];
  return { where: `word ${index}`, expected: formatCode(wanted), found: formatCode(got) };
}

/** The array that holds a state's values or codes. */
export function arrayOf(state: string, codec: CodecPlan): string {
  return isQuantized(codec) ? `${state}_codes` : state;
}

function floatDifference(unit: string, expected: Float32Array, found: Float32Array): Values | null {
  const index = expected.findIndex((value, i) => !sameFloat(value, found[i] as number));
  if (index < 0) return null;
  const [wanted, got] = [expected[index] as number, found[index] as number];
  return { where: `${unit} ${index}`, expected: formatFloat(wanted), found: formatFloat(got) };
}

function scaleDifference(
  { scale }: QuantizedCodec,
  expected: StoredScales,
  found: StoredScales,
): Values | null {
  if (scale === "f32") return floatDifference("run", Float32Array.from(expected), Float32Array.from(found));
  const index = expected.findIndex((word, i) => word !== found[i]);
  if (index < 0) return null;
  const [wanted, got] = [expected[index] as number, found[index] as number];
  return {
    where: `runs ${2 * index} and ${2 * index + 1}`,
    expected: formatCode(wanted),
    found: formatCode(got),
  };
}

function codeDifference(
  { bits }: CodecPlan,
  length: number,
  expected: Uint32Array,
  found: Uint32Array,
): Values | null {
  if (expected.every((word, i) => word === found[i])) return null;
  const isNan = (code: number): boolean => bits === 16 && Number.isNaN(fromBits(code << 16));
  for (let element = 0; element < length; element++) {
    const [wanted, got] = [codeAt(expected, bits, element), codeAt(found, bits, element)];
    if (wanted === got || (isNan(wanted) && isNan(got))) continue;
    return { where: `element ${element}`, expected: formatCode(wanted), found: formatCode(got) };
  }
  return restDifference(found, length * bits);
}
