import fc from "fast-check";
import { expect, test } from "vitest";
import { inWindows } from "../../runtime/cuda/plan.js";

const pairsOf = (words: Uint32Array): number[][] =>
  Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i]!, words[2 * i + 1]!]);
const chunks = (count: number): Uint32Array => Uint32Array.from({ length: 2 * count }, (_, i) => i);

test("seven chunks on five blocks, two at a time", () => {
  // Blocks 0 and 1 begin with 0 and 1 and go on, at entries 5 and 6, with 2 and 3; then blocks 2 and 3 run, then block 4.
  expect(pairsOf(inWindows(chunks(7), 5, 2)).map(([first]) => first! / 2)).toEqual([0, 1, 4, 5, 6, 2, 3]);
});

test("every chunk has one entry, and blocks that run at once are on neighbours", () => {
  fc.assert(
    fc.property(
      fc.nat(400),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      (count, most, resident) => {
        const blocks = Math.min(count, most);
        const ordered = pairsOf(inWindows(chunks(count), blocks, resident)).map(([first]) => first! / 2);
        expect([...ordered].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        for (let first = 0; first < blocks; first += resident) {
          const last = Math.min(first + resident, blocks);
          for (let turn = 0; turn < count; turn += blocks) {
            const together = ordered.slice(first + turn, Math.min(last + turn, count));
            together.forEach((chunk, i) => expect(chunk).toBe(together[0]! + i));
          }
        }
      },
    ),
  );
});
