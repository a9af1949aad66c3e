import { type HostDataOf, toHalf } from "../../../runtime/index.js";
import type { Dtype } from "../../lower/plan.js";
import { makeTensor } from "../fuzz/tensors.js";

/** So many are drawn once; every array repeats them from a place of its own. */
const PERIOD = 2 ** 18;
let drawn: Float32Array | undefined;
/** What is repeated, by deviation and dtype. */
const repeated = new Map<string, Float32Array | Uint16Array>();

/** Normal numbers, f32[length]: the same ones for the same seed. */
export function drawNoise(length: number, deviation: number, seed: number): Float32Array {
  return repeat(scaled(deviation), new Float32Array(length), seed);
}

/** Fills an array with them, or with the bits of what a parameter or gradient of 16 bits is kept as. */
export function fillWithNoise<Type extends Dtype>(
  target: HostDataOf<Type>,
  deviation: number,
  seed: number,
  dtype: Type,
): HostDataOf<Type> {
  const values =
    dtype === "f32"
      ? scaled(deviation)
      : kept(`${deviation} ${dtype}`, () => toHalf(scaled(deviation), dtype).data);
  return repeat(values, target, seed) as HostDataOf<Type>;
}

function scaled(deviation: number): Float32Array {
  drawn ??= makeTensor({ length: PERIOD, fill: "normal", salt: 1, spikes: [] });
  const normal = drawn;
  return kept(`${deviation}`, () => normal.map((value) => deviation * value));
}

function kept<Values extends Float32Array | Uint16Array>(key: string, make: () => Values): Values {
  const values = (repeated.get(key) as Values | undefined) ?? make();
  repeated.set(key, values);
  return values;
}

function repeat<Values extends Float32Array | Uint16Array>(
  values: Values,
  target: Values,
  seed: number,
): Values {
  let from = Math.imul(seed, 7919) & (PERIOD - 1);
  for (let start = 0; start < target.length; ) {
    const piece = values.subarray(from, Math.min(PERIOD, from + target.length - start));
    target.set(piece, start);
    start += piece.length;
    from = 0;
  }
  return target;
}
