import { codeAt, decodeHalf, packCodes } from "../../generator/cli/fuzz/bits.js";
import { correctionOf } from "../../generator/cli/fuzz/operand-bounds.js";
import type { StoredArray, TensorImage } from "../../generator/cli/fuzz/reference.js";
import { geometryOf, scaleCount, scalePlaces } from "../../generator/ir/geometry.js";
import type { ElementKernel, Fragment, KernelState, ScaleRun } from "../../generator/ir/types.js";
import { Jitter, type Random } from "./jitter.js";

type Values = readonly Float32Array[];

/** One step of a tensor on a device of an ulp class, which measures and steps with numbers of their own. */
export function jitterStep(
  kernel: ElementKernel,
  uniforms: Readonly<Record<string, number>>,
  accuracy: { readonly division: number; readonly squareRoot: number },
  before: TensorImage,
  g: StoredArray,
  random: Random,
): TensorImage {
  const jitter = new Jitter(kernel, uniforms, accuracy, random);
  const p = before.arrays.p?.slice() as StoredArray;
  const correction = correctionOf(kernel);
  jitter.set(kernel.variables.tensorId, before.id);
  jitter.set(kernel.variables.elementHigh, 0);
  if (kernel.parameter.stream !== null) jitter.run(kernel.parameter.stream);
  const update = (): Values => {
    const values = kernel.states.map(() => new Float32Array(before.length));
    for (let element = 0; element < before.length; element++) {
      for (const state of kernel.states) if (state !== correction) decode(jitter, state, before, element);
      if (correction !== undefined) {
        const rest = before.arrays[correction.name] as Uint32Array;
        jitter.set(correction.variables.code, codeAt(rest, correction.bits, element));
      }
      decodeOperand(jitter, kernel.parameter, before.arrays.p as StoredArray, element);
      decodeOperand(jitter, kernel.gradient, g, element);
      jitter.run(kernel.update);
      p[element] = encodeOperand(jitter, kernel, element);
      for (const [index, state] of kernel.states.entries()) {
        (values[index] as Float32Array)[element] = jitter.get(state.variables.value);
      }
    }
    return values;
  };
  const measured = update();
  const values = update();
  const arrays: Record<string, StoredArray> = { p };
  for (const [index, state] of kernel.states.entries()) {
    const own = state.statistic?.source === "global" ? measured[index] : values[index];
    Object.assign(
      arrays,
      store(jitter, kernel, state, before, own as Float32Array, values[index] as Float32Array),
    );
  }
  return { ...before, arrays };
}

function decodeOperand(
  jitter: Jitter,
  { variables, decode }: KernelState,
  stored: StoredArray,
  element: number,
): void {
  jitter.set(decode === null ? variables.old : variables.code, stored[element] as number);
  if (decode !== null) jitter.run(decode);
}

function encodeOperand(jitter: Jitter, { parameter, variables }: ElementKernel, element: number): number {
  const { encode, variables: own } = parameter;
  if (encode === null) return jitter.get(own.value);
  jitter.set(variables.element, element);
  jitter.run(encode);
  return jitter.get(own.newCode);
}

function decode(
  jitter: Jitter,
  { name, variables, bits, statistic, decode }: KernelState,
  { arrays, length }: TensorImage,
  element: number,
): void {
  const stored = arrays[statistic === null ? name : `${name}_codes`] as Float32Array | Uint32Array;
  if (decode === null) {
    jitter.set(variables.old, stored[element] as number);
    return;
  }
  const code = codeAt(stored as Uint32Array, bits, element);
  if (statistic === null) {
    jitter.set(variables.old, decodeHalf(code));
    return;
  }
  jitter.set(variables.code, code);
  const scales = arrays[`${name}_scale`] as Float32Array | Uint32Array;
  const run = placeOf(statistic.run, element, length);
  const { half } = statistic;
  if (statistic.spread !== null)
    jitter.set(variables.alpha, (arrays[`${name}_alpha`] as Float32Array)[run] as number);
  if (half === null) jitter.set(variables.scale, scales[run] as number);
  else {
    jitter.set(variables.scaleCode, codeAt(scales as Uint32Array, 16, run));
    jitter.run(half.decode);
  }
  jitter.run(decode);
}

/** Of a tensor of one dimension. */
function placeOf(run: ScaleRun, element: number, length: number): number {
  return scalePlaces(run, element, geometryOf([length]))[0] as number;
}

/** @param measured the values that the scales are taken of */
function store(
  jitter: Jitter,
  kernel: ElementKernel,
  { name, variables, bits, statistic, encode, stream }: KernelState,
  before: TensorImage,
  measured: Float32Array,
  values: Float32Array,
): Record<string, Float32Array | Uint32Array> {
  if (encode === null) return { [name]: values };
  jitter.set(kernel.variables.tensorId, before.id);
  jitter.set(kernel.variables.elementHigh, 0);
  if (stream !== null) jitter.run(stream);
  const encodeAt = (element: number): number => {
    jitter.set(kernel.variables.element, element);
    jitter.set(variables.value, values[element] as number);
    jitter.run(encode as Fragment);
    return jitter.get(variables.newCode);
  };
  if (statistic === null)
    return {
      [name]: packCodes(
        Array.from(values, (_, i) => encodeAt(i)),
        bits,
      ),
    };

  const runOf = (element: number): number => placeOf(statistic.run, element, before.length);
  const runs = scaleCount(statistic.run, geometryOf([before.length]));
  const scales = new Float32Array(runs);
  const magnitudes = new Float32Array(measured.length);
  for (const [i, value] of measured.entries()) {
    jitter.set(variables.value, value);
    jitter.run(statistic.magnitude);
    const run = runOf(i);
    magnitudes[i] = jitter.get(variables.magnitude);
    scales[run] = Math.max(scales[run] as number, jitter.get(variables.magnitude));
  }
  const maxima = scales.slice();
  const { spread } = statistic;
  const alphas = maxima.map((maximum, run) => {
    if (spread === null) return 0;
    const ordered = magnitudes.filter((_, i) => runOf(i) === run).sort();
    jitter.set(variables.absmax, maximum);
    jitter.run(statistic.scale);
    jitter.set(variables.runLength, ordered.length);
    jitter.set(variables.counted, ordered.filter((magnitude) => magnitude > 0).length);
    jitter.run(spread.rank);
    const rank = jitter.get(variables.rank);
    jitter.set(variables.lower, ordered[rank] as number);
    jitter.set(variables.upper, ordered[Math.min(rank + 1, ordered.length - 1)] as number);
    jitter.run(spread.alpha);
    return jitter.get(variables.newAlpha);
  });
  const halves = Array<number>(runs).fill(0);
  const codes = Array.from(values, (_, i) => {
    const run = runOf(i);
    jitter.set(variables.absmax, maxima[run] as number);
    jitter.run(statistic.scale);
    scales[run] = jitter.get(variables.newScale);
    halves[run] = jitter.get(variables.newScaleCode);
    if (spread !== null) {
      jitter.set(variables.newAlpha, alphas[run] as number);
      jitter.run(spread.rate);
    }
    return encodeAt(i);
  });
  const stored = statistic.half === null ? scales : packCodes(halves, 16);
  return {
    [`${name}_codes`]: packCodes(codes, bits),
    [`${name}_scale`]: stored,
    ...(spread !== null && { [`${name}_alpha`]: alphas }),
  };
}
