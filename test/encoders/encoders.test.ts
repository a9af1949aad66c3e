import { describe, expect, test } from "vitest";
import { tablesOf } from "../../generator/build/codec.js";
import { countAtMost } from "../../generator/build/count.js";
import { countBySteps } from "../../generator/build/count-steps.js";
import { Names } from "../../generator/build/names.js";
import { FragmentWriter } from "../../generator/build/writer.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { typed } from "../../generator/ir/expr.js";
import type { Segments } from "../../generator/ir/types.js";
import {
  chooseEncoder,
  type EncoderPlan,
  encoderWithin,
  steppedEncoder,
} from "../../generator/lower/encoder.js";
import { lineEncoder } from "../../generator/lower/line-encoder.js";
import type { TableCodec } from "../../generator/lower/plan.js";
import { segmentEncoder } from "../../generator/lower/segment-encoder.js";
import { bookOf, nearestCode, nextUp } from "../oracle/index.js";
import { fits, mappings } from "./mappings.js";

const kinds = ["uniform", "bucket", "bisect"] as const;
const nextDown = (value: number): number => -nextUp(-value);

/** Values at which codes change, 100 floats on either side of each, and the ends of the number line. */
function probes(thresholds: readonly number[]): number[] {
  const ends = [0, 1, 2 ** -149, 2 ** -126, 1e-30, 3.4028234663852886e38, Number.POSITIVE_INFINITY];
  const values = [...ends, ...ends.map((end) => -end), Number.NaN];
  for (const threshold of thresholds) {
    let [up, down] = [threshold, threshold];
    for (let step = 0; step <= 100; step++) {
      values.push(up, down, -up, -down);
      [up, down] = [nextUp(up), nextDown(down)];
    }
  }
  return values;
}

/** The generated encoder as a function of n; the codec's other parts play no role. */
function encoderOf(
  levels: readonly number[],
  thresholds: readonly number[],
  bits: number,
  encoder: EncoderPlan,
) {
  const codec: TableCodec = {
    kind: "table",
    bits,
    signed: true,
    mapping: "",
    rounding: "nearest",
    normalize: "tensor",
    scale: "f32",
    scaleOf: "absmax",
    compand: null,
    levels,
    thresholds,
    encoder,
  };
  const tables = tablesOf("x", codec);
  const writer = new FragmentWriter(new Names([]));
  const n = typed("n", "f32");
  const code = typed("code", "u32");
  writer.define(code, countAtMost(writer.input(n), codec, tables, "x", writer));
  const evaluation = new Evaluation(Object.values(tables));
  const run = evaluation.compile(writer.finish(code));
  const [given, found] = [evaluation.cell(n), evaluation.cell(code)];
  return (value: number): number => {
    given.value = value;
    run();
    return found.value;
  };
}

describe.each(mappings)("%s", (_, mapping) => {
  for (let bits = 1; bits <= 8; bits++) {
    for (const signed of [true, false]) {
      if (!fits(mapping, bits, signed)) continue;
      const book = bookOf(mapping, bits, signed);
      const thresholds = [...book.thresholds];
      const chosen = chooseEncoder(thresholds);

      test(`${bits} bits, ${signed ? "signed" : "unsigned"}: ${chosen.kind} gives the number of thresholds <= n`, () => {
        const lines = lineEncoder(thresholds);
        const others = [
          { kind: "bisect" } as const,
          ...(lines ? [lines] : []),
          steppedEncoder(chosen, thresholds),
        ];
        for (const encoder of [chosen, ...others]) {
          const encode = encoderOf([...book.table], thresholds, bits, encoder);
          const wrong = probes(thresholds).filter((n) => encode(n) !== nearestCode(n, book));
          expect(wrong).toEqual([]);
        }
      });
    }
  }
});

describe("segments give codes of 4 and 8 bits", () => {
  const tables = mappings.flatMap(([name, mapping]) =>
    [4, 8].flatMap((bits) =>
      [true, false]
        .filter((signed) => fits(mapping, bits, signed))
        .flatMap((signed) => {
          const book = bookOf(mapping, bits, signed);
          const segments = segmentEncoder([...book.thresholds]);
          return segments === undefined ? [] : [{ name, bits, signed, book, segments }];
        }),
    ),
  );

  test("of dynamic tables and of floating point", () => {
    const found = tables.map(({ name, bits, signed }) => `${name} ${bits} ${signed ? "signed" : "unsigned"}`);
    expect(found).toEqual(
      expect.arrayContaining([
        "dynamic 8 signed",
        "dynamic 8 unsigned",
        "dynamic 4 signed",
        "dynamic 4 unsigned",
      ]),
    );
  });

  const { fround } = Math;
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  const bitsOf = (value: number): number => {
    float[0] = value;
    return word[0] as number;
  };
  /** The code, or undefined where it is open. */
  const codeOf = (n: number, segments: Segments): number | undefined => {
    const size = Math.abs(n);
    const cell = ((bitsOf(size * segments.factor + 2 ** -30) + segments.bias) >>> 20) % 256;
    const line = segments.cells[cell] as number;
    const position = size * (segments.slopes[line] as number) + (segments.offsets[line] as number);
    // 16 bits after the point follow 7 before it, or 15 follow 8.
    const bits = segments.isSigned ? bitsOf(position) : bitsOf(position) * 2;
    if (bits % 2 ** 16 < segments.doubt) return undefined;
    const whole = Math.floor(bits / 2 ** 16) % 256;
    return n < 0 ? Math.max(segments.zero - whole, 0) : segments.zero + whole;
  };

  test.each(tables)(
    "$name, $bits bits, signed $signed: right or open, and open next to thresholds alone",
    ({ signed, book, segments }) => {
      const within = probes([...book.thresholds]).filter((n) => n >= (signed ? -1 : 0) && n <= 1);
      const even = Array.from({ length: 200_001 }, (_, i) => fround(signed ? i / 100_000 - 1 : i / 200_000));
      const small = even.map((n) => fround(n ** 7));
      for (const n of [...within, ...even, ...small]) {
        const code = codeOf(n, segments);
        if (code !== undefined && code !== nearestCode(n, book)) expect({ n, code }).toBeUndefined();
      }
      const open = [...even, ...small].filter((n) => codeOf(n, segments) === undefined);
      expect(open.length / 400_002).toBeLessThan(0.001);
    },
  );

  test("but not of tables whose thresholds lie on a curve", () => {
    const squares = Array.from({ length: 255 }, (_, i) => fround(((i + 0.5) / 255) ** 2));
    expect(segmentEncoder(squares)).toBeUndefined();
  });
});

test("each kind of encoder is chosen by some table", () => {
  const chosen = mappings.flatMap(([, mapping]) =>
    [4, 8].flatMap((bits) =>
      [false, true]
        .filter((signed) => fits(mapping, bits, signed))
        .map((signed) => chooseEncoder([...bookOf(mapping, bits, signed).thresholds]).kind),
    ),
  );
  const crowded = chooseEncoder(
    [0.625, nextUp(0.625), nextUp(nextUp(0.625)), 0.75].map((n) => nextUp(n)),
  ).kind;
  expect(new Set([...chosen, crowded])).toEqual(new Set(kinds));
});

test("steps stand in for buckets, and clamping beforehand for clamping afterwards", () => {
  const chosen = mappings.flatMap(([, mapping]) =>
    [2, 4, 8].flatMap((bits) =>
      [false, true]
        .filter((signed) => fits(mapping, bits, signed))
        .map((signed) => [...bookOf(mapping, bits, signed).thresholds])
        .map((thresholds) => steppedEncoder(chooseEncoder(thresholds), thresholds)),
    ),
  );
  expect(chosen.filter(({ kind }) => kind === "steps").length).toBeGreaterThan(10);
  expect(chosen.filter(({ kind }) => kind === "ordered").length).toBeGreaterThan(5);
  expect(chosen.filter(({ kind }) => kind === "halving").length).toBeGreaterThan(1);
  expect(chosen.some((encoder) => encoder.kind === "uniform" && encoder.isWithin)).toBe(true);
});

test("steps make of an infinity in a run of scale 0 what they make of NaN: the first code", () => {
  for (const bits of [2, 4, 8]) {
    const { table: levels, thresholds: given } = bookOf("dynamic", bits, true);
    const thresholds = [...given];
    const encoder = steppedEncoder(chooseEncoder(thresholds), thresholds);
    if (encoder.kind !== "steps") {
      // The product, which is found first, is NaN.
      expect(encoderOf([...levels], thresholds, bits, encoder)(Number.NaN)).toBe(0);
      continue;
    }
    const [x, inverse, code] = [typed("x", "f32"), typed("inverse", "f32"), typed("code", "u32")];
    const writer = new FragmentWriter(new Names([]));
    const table = { name: "x_steps", type: "u32", values: encoder.steps } as const;
    const found = countBySteps(writer.input(x), writer.input(inverse), encoder, table, "x", writer);
    writer.define(code, found);
    const evaluation = new Evaluation([table]);
    const run = evaluation.compile(writer.finish(code));
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
      evaluation.cell(x).value = value;
      evaluation.cell(inverse).value = 0;
      run();
      expect(evaluation.cell(code).value).toBe(0);
    }
  }
});

test("lines stand in for the large tables of 8 bits, and are few", () => {
  const tables = [
    ["dynamic", true],
    ["dynamic", false],
    [{ compand: "softsign", grid: "linear" }, true],
    [{ compand: "sqrt", grid: "linear" }, false],
    [{ float: { exponent: 4 } }, true],
  ] as const;
  for (const [mapping, signed] of tables) {
    const thresholds = [...bookOf(mapping, 8, signed).thresholds];
    const bucket = chooseEncoder(thresholds);
    const within = encoderWithin(256, bucket, thresholds);
    expect(encoderWithin(Number.POSITIVE_INFINITY, bucket, thresholds)).toBe(bucket);
    if (within.kind !== "lines") throw new Error(`no lines for ${JSON.stringify(mapping)}`);
    expect(within.lines.length).toBeLessThanOrEqual(512);
    expect(within.slopes.length).toBeLessThanOrEqual(64);
    expect(new Set(within.lines).size).toBe(within.slopes.length);
  }
});

test("there are none where a negative number would count as zero, and zero is a threshold", () => {
  expect(lineEncoder([0, 0.2, 0.4, 0.6])).toBeUndefined();
  expect(lineEncoder([0.1, 0.2, 0.4, 0.6])).toBeDefined();
});

test("there are no lines where negative thresholds do not mirror the others", () => {
  expect(lineEncoder([-0.9, -0.8, -0.1, 0.2, 0.4, 0.8])).toBeUndefined();
  expect(lineEncoder([-0.6, -0.4, -0.2, 0.2, 0.4, 0.6])).toBeDefined();
});
