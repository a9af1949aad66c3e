import { openDevice } from "lowbit-gen/runtime";
import { describe, expect, it } from "vitest";
import { type Digits, loadDigits, PIXELS } from "../../examples/mnist/digits.js";
import { optimizers } from "../../examples/mnist/optimizers.js";
import { train } from "../../examples/mnist/training.js";

/** Every `stride`th digit. */
function thin({ count, images, labels }: Digits, stride: number): Digits {
  const chosen = Array.from({ length: Math.floor(count / stride) }, (_, i) => i * stride);
  const some = new Float32Array(chosen.length * PIXELS);
  chosen.forEach((digit, place) => {
    some.set(images.subarray(digit * PIXELS, (digit + 1) * PIXELS), place * PIXELS);
  });
  return { count: chosen.length, images: some, labels: Uint8Array.from(chosen, (digit) => labels[digit]!) };
}

const { train: all, test } = loadDigits();

describe("the digits", () => {
  it("are all there, and no class is missing from either part", () => {
    expect(all.count + test.count).toBe(10_000);
    for (const { count, images, labels } of [all, test]) {
      expect(images.length).toBe(count * PIXELS);
      expect(images.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true);
      expect(new Set(labels).size).toBe(10);
    }
  });
});

describe("training", () => {
  const some = thin(all, 3);
  const start = Math.log(10);

  it.each(Object.keys(optimizers))("with %s lowers the loss within 21 steps", async (name) => {
    const losses: number[] = [];
    const run = await train(
      await openDevice("typescript"),
      optimizers[name]!,
      { train: some, test },
      { epochs: 1, learningRate: 5e-3, seed: 1 },
      (_step, _steps, loss) => losses.push(loss),
    );
    expect(losses).toHaveLength(21);
    expect(losses[0]).toBeGreaterThan(start * 0.9);
    expect(run.loss).toBeLessThan(start / 2);
    expect(run.accuracy).toBeGreaterThan(0.7);
  });

  it("is the same run for the same seed", async () => {
    const device = await openDevice("typescript");
    const settings = { epochs: 1, learningRate: 5e-3, seed: 7 };
    const few = { train: thin(all, 20), test: thin(test, 20) };
    const again = () => train(device, optimizers["adamw-3bit"]!, few, settings, () => {});
    const [first, second] = [await again(), await again()];
    expect([second.loss, second.accuracy]).toEqual([first.loss, first.accuracy]);
  });
});
