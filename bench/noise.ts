import { createRandom, drawNormal } from "../examples/mnist/random.js";

/** Normal numbers, f32[length]: the same ones for the same seed. */
export function drawNoise(length: number, deviation: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = deviation * drawNormal(random);
  return values;
}
