import fc from "fast-check";
import { expect, test } from "vitest";
import { casesOf, sizesAbout } from "../../generator/cli/fuzz/cases.js";
import { FakeDriver } from "../native/support.js";
import { shippedSpecs } from "../properties/harness.js";
import { outputOf, sourceOf } from "./standalone.js";
import { differenceOf, emulatedSubject } from "./support.js";

// Division and square root for numbers of ordinary size: exactly rounded whatever a device's approximate reciprocals are,
// within their stated units, and used where numbers are.

const shipped = new Map(shippedSpecs(0).map(({ name, text }) => [name, text]));

/** Compares with the CPU's own division and root, which IEEE 754 defines; prints what differs. */
const comparison = `
#include <cstdio>
namespace {
uint64_t state = 88172645463325252ull;
uint32_t next() { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return uint32_t(state >> 32); }
/** A float of this exponent; one in four has a fraction of few bits, or of nearly all of them. */
float number(int exponent) {
  uint32_t fraction = next() & 0x7fffffu;
  const uint32_t kind = next() % 16;
  if (kind == 0) fraction = 0x7fffffu - (next() & 3u);
  if (kind == 1) fraction = next() & 3u;
  if (kind < 4 && kind > 1) fraction = (next() & 0xffu) << 15;
  return __uint_as_float(uint32_t(exponent + 127) << 23 | fraction);
}
int between(int lo, int hi) { return lo + int(next() % uint32_t(hi - lo + 1)); }
long wrong = 0, found_next = 0;
void expectSame(const char* what, float found, float exact, float a, float b) {
  if (__float_as_uint(found) == __float_as_uint(exact)) return;
  if (wrong++ < 5) std::printf("%s of %a and %a is %a and not %a\\n", what, a, b, found, exact);
}
/** Dividends a whose quotient by b is next to a tie: 2^bits a = m b + r for an odd m and a small r. */
void expectSameNextToTies(uint32_t b) {
  uint64_t inverse = b;
  for (int i = 0; i < 6; i++) inverse *= 2 - b * inverse;
  for (int bits = 24; bits <= 25; bits++) {
    for (int r = -5; r <= 5; r += 2) {
      const uint64_t m = (uint64_t(-int64_t(r)) * inverse & ((1ull << bits) - 1)) | 1ull << 24;
      const uint64_t product = m * b + uint64_t(int64_t(r));
      const uint64_t a = product >> bits;
      const bool is_next = (product & ((1ull << bits) - 1)) == 0 && (bits == 24) == (a >= b);
      if (!is_next || a < 1u << 23 || a >= 1u << 24) continue;
      const float x = float(a), y = float(b) * 0x1p-24f;
      found_next++;
      expectSame("quotient by a uniform, next to a tie,", quotient(x, Divisor(y)), x / y, x, y);
      expectSame("quotient, next to a tie,", quotient(x, y), x / y, x, y);
    }
  }
}
}  // namespace
int main() {
  for (long i = 0; i < 400000; i++) expectSameNextToTies(0x800001u | (next() & 0x7ffffeu));
  if (found_next < 400000) wrong++;
  for (long i = 0; i < 4000000; i++) {
    const float sign = next() & 1 ? -1.0f : 1.0f;
    const float b = number(between(-60, 59));
    const int exponent = int(__float_as_uint(b) >> 23) - 127;
    const int lo = exponent - 124 > -100 ? exponent - 124 + 1 : -100;
    const float a = next() % 64 ? sign * number(between(lo, exponent + 99 < 99 ? exponent + 99 : 99)) : sign * 0.0f;
    expectSame("quotient", quotient(a, b), a / b, a, b);
    const float c = next() % 8 ? number(between(-16, 1)) : 1.0f;
    const float d = next() % 64 ? sign * number(between(-100, 80)) : sign * 0.0f;
    expectSame("quotient by a uniform", quotient(d, Divisor(c)), d / c, d, c);
    const float x = next() % 64 ? number(between(-100, 99)) : sign * 0.0f;
    expectSame("root", squareRoot(x), __builtin_sqrtf(x), x, 0.0f);
  }
  std::printf("%ld differ\\n", wrong);
}
`;

test("quotients and roots are exactly rounded", () => {
  expect(outputOf(sourceOf("adamw-8bit"), comparison)).toBe("0 differ\n");
}, 120_000);

/** The same of each quotient by 2^n - 1: all fractions, on both sides of a power of two. */
const byConstants = `
#include <cstdio>
int main() {
  long wrong = 0;
  for (uint32_t bits = 2; bits <= 8; bits++) {
    const float b = float((1u << bits) - 1);
    for (uint32_t fraction = 0; fraction < 1u << 24; fraction++) {
      const float a = -__uint_as_float((126u << 23) + fraction);
      if (__float_as_uint(quotient(a, b, 1.0f / b)) != __float_as_uint(a / b)) wrong++;
    }
    if (__float_as_uint(quotient(0.0f, b, 1.0f / b)) != 0) wrong++;
  }
  std::printf("%ld differ\\n", wrong);
}
`;

const steps = [
  ["a quotient", "return __fmaf_rn(-__fmaf_rn(b, guess, -a), inverse, guess);", "return guess;"],
  ["a root", "return __fmaf_rn(__fmaf_rn(-root, root, x), inverse * 0.5f, root);", "return root;"],
] as const;

test("quotients by the constants of logarithmic codes are exactly rounded", () => {
  expect(outputOf(sourceOf("solo-adamw-4-2"), byConstants)).toBe("0 differ\n");
}, 120_000);

test.each(steps)(
  "without remainders %s is not",
  (_, step, shorter) => {
    const source = sourceOf("adamw-8bit");
    expect(source).toContain(step);
    expect(outputOf(source.replace(step, shorter), comparison)).not.toBe("0 differ\n");
  },
  120_000,
);

test.each(["adamw-8bit", "adamw-4bit-block", "adamw-32bit", "solo-adamw-4-2"])(
  "%s takes them where numbers are of ordinary size",
  async (name) => {
    const fake = new FakeDriver();
    const ordinary = casesOf(sizesAbout([4096]), fc.constant({}), { tensors: 4, steps: 2 });
    const subject = await emulatedSubject(shipped.get(name) ?? "", (source) =>
      source.replace(steps[0][1], steps[0][1].replace("return", "return 2.0f *")),
    );
    const found: string[] = [];
    for (const given of fc.sample(ordinary, { numRuns: 8, seed: 7 })) {
      const device = fake.open();
      const difference = await differenceOf(subject, device, given).finally(() => device.dispose());
      if (difference !== null) found.push(difference.what);
    }
    expect(found).not.toEqual([]);
  },
  120_000,
);

test("a rule without hyperparameters has them too", async () => {
  const text = JSON.stringify({
    name: "bare",
    states: { v: { bits: 32, signed: false } },
    update: "v = 0.9*v + g*g\np = p - 0.1*g/(sqrt(v) + 0.00000001)",
  });
  const subject = await emulatedSubject(text);
  const device = new FakeDriver().open();
  const [given] = fc.sample(casesOf(sizesAbout([2048]), fc.constant({}), { tensors: 4, steps: 2 }), {
    numRuns: 1,
    seed: 7,
  });
  if (given === undefined) throw new Error("no case");
  expect(await differenceOf(subject, device, given).finally(() => device.dispose())).toBeNull();
}, 60_000);
