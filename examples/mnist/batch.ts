import { type Digits, PIXELS, SIDE } from "./digits.js";
import type { Random } from "./random.js";

/** The digits of one step, each moved by up to a pixel each way: 8,000 images are few, and this makes nine of each. */
export class Batch {
  readonly #images: Float32Array;
  readonly #labels: Uint8Array;

  constructor(size: number) {
    this.#images = new Float32Array(size * PIXELS);
    this.#labels = new Uint8Array(size);
  }

  /** @returns f32[chosen.length, PIXELS] and their labels, valid until the next call */
  take({ images, labels }: Digits, chosen: Uint32Array, random: Random) {
    const taken = this.#images.subarray(0, chosen.length * PIXELS).fill(0);
    chosen.forEach((digit, place) => {
      const from = images.subarray(digit * PIXELS, (digit + 1) * PIXELS);
      const to = taken.subarray(place * PIXELS, (place + 1) * PIXELS);
      copyMoved(from, to, drawMove(random), drawMove(random));
      this.#labels[place] = labels[digit]!;
    });
    return { images: taken, labels: this.#labels.subarray(0, chosen.length) };
  }
}

/** -1, 0 or 1 */
function drawMove(random: Random): number {
  return Math.floor(random() * 3) - 1;
}

/** Copies an image onto a black one, some pixels to the right and down. */
function copyMoved(from: Float32Array, to: Float32Array, right: number, down: number): void {
  const [left, width] = [Math.max(0, -right), SIDE - Math.abs(right)];
  for (let row = Math.max(0, -down); row < Math.min(SIDE, SIDE - down); row++) {
    const start = row * SIDE + left;
    to.set(from.subarray(start, start + width), start + down * SIDE + right);
  }
}
