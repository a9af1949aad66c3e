import fc from "fast-check";
import { expect, test } from "vitest";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { outputOf, sourceOf } from "./standalone.js";
import { differenceOf, emulatedSubject } from "./support.js";

// Codes by logarithms: where a value lies is known within what is said of it, whatever a device's approximate logarithms are
// within their stated error, and steps take their codes from there.

const spec = "solo-adamw-4-2";

/** Prints how often a value lies further from where real numbers have it than is said, and the share of that at most. */
const comparison = `
#include <cstdio>
namespace {
uint64_t state = 88172645463325252ull;
double uniform() { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return double(state >> 11) * 0x1p-53; }
long known = 0, wrong = 0;
double most = 0;
template <uint32_t Bits>
void compare() {
  const int last = (1 << Bits) - 1;
  for (int i = 0; i < 2000000; i++) {
    // Levels from 2^-18 to 32 octaves apart, as often a small distance as a great one.
    const float alpha = float(__builtin_exp2(-__builtin_exp2(uniform() * 23 - 18)));
    const float inverse = float(__builtin_exp2(uniform() < 0.2 ? uniform() * 4 - 2 : uniform() * 200 - 90));
    const double scale = __builtin_log2(double(inverse)), step = __builtin_log2(double(alpha));
    const float x = float(__builtin_exp2(step * (uniform() * (last + 1) - 0.5) - scale));
    if (x < 0x1p-126f || x > 0x1p127f) continue;
    const auto [slope, offset, slack] = positionsOf<Bits>(alpha, inverse, 0.0f);
    if (slack == 0x80000000u) continue;
    const double place = (__builtin_log2(double(x)) + scale) / step;
    const double held = place < 0 ? 0 : place > last ? last : place;
    const double off = __builtin_fabs(double(positionOf<Bits>(x, slope, offset)) * (1 << Bits) * 0x1p-32 - held);
    // Of the quotient that an encoder has rounded, and of what is drawn beyond 27 bits.
    const double beside = 1.4427 * 0x1p-24 / __builtin_fabs(step) + 0x1p-26;
    const double share = (off + beside) / (slack * 0x1p-32);
    known++;
    if (share > 1) wrong++;
    if (share > most) most = share;
  }
}
}  // namespace
int main() {
  compare<2>();
  compare<3>();
  compare<4>();
  std::printf("%s, %ld wrong, %s\\n", known > 3000000 ? "most known" : "few known", wrong, most > 0.5 ? "tight" : "loose");
}
`;

test("where values lie is known within what is said of it", () => {
  expect(outputOf(sourceOf(spec), comparison)).toBe("most known, 0 wrong, tight\n");
}, 120_000);

test.each([
  ["logarithms of scales", "fabsf(logarithm) * 2.5f", "fabsf(logarithm) * 1.0f"],
  ["those of values and of alpha", "(last + 3.0f)", "0.0f"],
  ["products, and the sum", "last * 9.536743e-7f", "0.0f"],
])(
  "not without the errors of %s",
  (_, part, less) => {
    const source = sourceOf(spec);
    expect(source).toContain(part);
    expect(outputOf(source.replace(part, less), comparison)).not.toContain(" 0 wrong");
  },
  120_000,
);

test.each([
  ["positions", "8388608.0f)) << 9u", "8388608.0f) + 1024.0f) << 9u"],
  ["what is left to draw", "slope, offset) + v_rest", "slope, offset) + v_rest / 2u"],
  ["places of codes", "__funnelshift_l(position, v_word, 2u)", "__funnelshift_l(position, v_word, 3u)"],
])(
  "steps take their codes from these: not with other %s",
  async (_, part, other) => {
    const text = shippedSpecs(0).find(({ name }) => name === spec)?.text ?? "";
    const [subject, device] = [
      await emulatedSubject(text, (source) => {
        expect(source).toContain(part);
        return source.replace(part, other);
      }),
      new FakeDriver().open(),
    ];
    const given = fc.sample(casesOf(sizesAbout([8192]), fc.constant({}), { tensors: 4, steps: 2 }), {
      numRuns: 6,
      seed: 7,
    });
    const found: string[] = [];
    for (const one of given) {
      const difference = await differenceOf(subject, device, one);
      if (difference !== null) found.push(difference.what);
    }
    device.dispose();
    expect(found).not.toEqual([]);
  },
  120_000,
);
