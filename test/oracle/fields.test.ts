import { describe, expect, test } from "vitest";
import { float32, float64 } from "./arithmetic.js";
import { type Field, type Fields, fieldsOf, treeSum } from "./fields.js";
import { countOf, entryOf, type FieldShape, sizeOf, viewOf } from "./view.js";

const f = Math.fround;
const floats = (n: number, phase = 0): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => f(Math.sin(7 * i + phase) * 10 ** (3 * Math.cos(i))));
const element = (data: ArrayLike<number>): Field => ({ shape: "element", data: Float64Array.from(data) });

describe("the tree sum", () => {
  test("of 0 to 7 terms, written out", () => {
    const sum = (...terms: number[]) => treeSum(Float64Array.from(terms), float32);
    const add = (a: number, b: number) => f(a + b);
    const [a, b, c, d, e, g, h] = floats(7) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect(sum()).toBe(0);
    expect(sum(a)).toBe(a);
    expect(sum(a, b)).toBe(add(a, b));
    expect(sum(a, b, c)).toBe(add(add(a, b), c));
    expect(sum(a, b, c, d)).toBe(add(add(a, b), add(c, d)));
    expect(sum(a, b, c, d, e)).toBe(add(add(add(a, b), add(c, d)), e));
    expect(sum(a, b, c, d, e, g)).toBe(add(add(add(a, b), add(c, d)), add(e, g)));
    expect(sum(a, b, c, d, e, g, h)).toBe(add(add(add(a, b), add(c, d)), add(add(e, g), h)));
  });

  test("a last one without a neighbour passes up as it is: a zero that is added would change the sign of -0", () => {
    expect(treeSum(Float64Array.of(-0, -0, -0), float32)).toBe(-0);
    expect(treeSum(Float64Array.of(-0, -0, -0, 0), float32)).toBe(0);
  });

  test("another order gives other numbers", () => {
    const [big, one] = [2 ** 24, 1];
    expect(treeSum(Float64Array.of(big, one, one, one), float32)).toBe(2 ** 24 + 2);
    expect([big, one, one, one].reduce((a, b) => f(a + b))).toBe(2 ** 24);
  });

  test.each([1, 2, 3, 31, 64, 127, 4096, 6007])("of %i terms, against float64", (n) => {
    const terms = floats(n);
    const exact = terms.reduce((sum, x) => sum + x, 0);
    const size = terms.reduce((sum, x) => sum + Math.abs(x), 0);
    // Each term passes at most ceil(log2 n) additions, each with a relative error of 2^-24.
    const bound = Math.ceil(Math.log2(n)) * 2 ** -24 * size * 1.0001;
    expect(Math.abs(treeSum(terms, float32) - exact)).toBeLessThanOrEqual(bound);
    expect(Math.abs(treeSum(terms, float64) - exact)).toBeLessThanOrEqual(n * 2 ** -53 * size);
  });

  test("of whole numbers it is exact", () => {
    const terms = Float64Array.from({ length: 1009 }, (_, i) => i);
    expect(treeSum(terms, float32)).toBe((1009 * 1008) / 2);
  });
});

describe("views", () => {
  test.each([
    [[], [1, 1, 1]],
    [[5], [1, 5, 1]],
    [
      [2, 3],
      [1, 2, 3],
    ],
    [
      [7, 2, 3],
      [7, 2, 3],
    ],
    [
      [16, 8, 3, 1],
      [128, 3, 1],
    ],
    [
      [2, 1, 1, 5],
      [2, 1, 5],
    ],
  ])("%j is seen as %j", (shape, [batch, rows, cols]) => {
    expect(viewOf(shape)).toEqual({ batch, rows, cols });
  });

  test("every value of a shape by its index of batch, row and column", () => {
    const view = { batch: 2, rows: 3, cols: 5 };
    const counts = { element: 30, row: 6, col: 10, matrix: 2, tensor: 1 } as const;
    for (const [shape, count] of Object.entries(counts)) {
      expect(countOf(view, shape as FieldShape)).toBe(count);
    }
    for (let b = 0; b < 2; b++)
      for (let r = 0; r < 3; r++)
        for (let c = 0; c < 5; c++) {
          const i = (b * 3 + r) * 5 + c;
          expect(entryOf(view, "element", "element", i)).toBe(i);
          expect(entryOf(view, "element", "row", i)).toBe(b * 3 + r);
          expect(entryOf(view, "element", "col", i)).toBe(b * 5 + c);
          expect(entryOf(view, "element", "matrix", i)).toBe(b);
          expect(entryOf(view, "element", "tensor", i)).toBe(0);
          expect(entryOf(view, "row", "matrix", b * 3 + r)).toBe(b);
          expect(entryOf(view, "col", "matrix", b * 5 + c)).toBe(b);
        }
  });
});

describe("reductions of a [2, 2, 3] tensor, by hand", () => {
  const view = viewOf([2, 2, 3]);
  const x = element([1, 2, 3, 4, -5, 6, 7, 8, 9, 10, 11, -12]);
  const fields = fieldsOf(view, float64, "hold");
  const expectField = (field: Field, shape: FieldShape, ...values: number[]) => {
    expect(field).toEqual({ shape, data: Float64Array.from(values) });
  };

  test("of elements", () => {
    expectField(fields.rowmean(x), "row", 2, 5 / 3, 8, 3);
    expectField(fields.rowmax(x), "row", 3, 6, 9, 11);
    expectField(fields.colmean(x), "col", 2.5, -1.5, 4.5, 8.5, 9.5, -1.5);
    expectField(fields.colmax(x), "col", 4, 2, 6, 10, 11, 9);
    expectField(fields.sum(x), "tensor", 44);
    expectField(fields.mean(x), "tensor", 44 / 12);
    expectField(fields.absmax(x), "tensor", 12);
    expectField(fields.norm(x), "tensor", Math.sqrt(650));
    expectField(fields.rms(x), "tensor", Math.sqrt(650 / 12));
  });

  test("of rows and columns", () => {
    const [rows, cols] = [fields.rowmax(x), fields.colmax(x)];
    expectField(fields.colmean(rows), "matrix", 4.5, 10);
    expectField(fields.colmax(rows), "matrix", 6, 11);
    expectField(fields.rowmean(cols), "matrix", 4, 10);
    expectField(fields.rowmax(cols), "matrix", 6, 11);
    expectField(fields.sum(rows), "tensor", 29);
    expectField(fields.mean(fields.colmax(rows)), "tensor", 8.5);
    expect(() => fields.rowmean(rows)).toThrow("a row value has no columns to reduce");
    expect(() => fields.colmax(cols)).toThrow("a col value has no rows to reduce");
    expect(() => fields.colmax(fields.colmean(rows))).toThrow("a matrix value has no rows to reduce");
  });

  test("values are repeated along the axes they lack", () => {
    const [rows, cols] = [fields.rowmax(x), fields.colmax(x)];
    expectField(fields.min(rows, cols), "element", 3, 2, 3, 4, 2, 6, 9, 9, 9, 10, 11, 9);
    expectField(fields.sub(rows, fields.colmax(rows)), "row", -3, 0, -2, 0);
    expectField(fields.add(cols, fields.colmax(rows)), "col", 10, 8, 12, 21, 22, 20);
    expectField(fields.mul(fields.sum(x), 2), "tensor", 88);
    expectField(fields.ifPositive(fields.sub(rows, 5), 1, rows), "row", 3, 1, 1, 1);
  });
});

describe("what is not finite", () => {
  const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
  const view = viewOf([2, 3]);
  const x = element([1, nan, -3, inf, -inf, -2]);
  const all = ({ rowmean, rowmax, colmax, sum, absmax, norm }: Fields) => [
    [...rowmean(x).data],
    [...rowmax(x).data],
    [...colmax(x).data],
    [...sum(x).data, ...absmax(x).data, ...norm(x).data],
  ];

  test("hold: it counts as 0", () => {
    expect(all(fieldsOf(view, float32, "hold"))).toEqual([
      [f(-2 / 3), f(-2 / 3)],
      [1, 0],
      [1, 0, -2],
      [-4, 3, f(Math.sqrt(14))],
    ]);
  });

  test("hold: a term that overflows counts as 0, a sum that does not", () => {
    const { norm, sum, mean } = fieldsOf(viewOf([3]), float32, "hold");
    expect([...norm(element([3e38, 4, 3])).data]).toEqual([5]);
    expect([...sum(element([f(3e38), f(3e38), 1])).data]).toEqual([inf]);
    expect([...mean(element([f(3e38), f(-3e38), 1])).data]).toEqual([f(1 / 3)]);
  });

  test("propagate: IEEE, except that a maximum ignores NaN", () => {
    expect(all(fieldsOf(view, float32, "propagate"))).toEqual([
      [nan, nan],
      [1, inf],
      [inf, -inf, -2],
      [nan, inf, nan],
    ]);
  });
});

describe("float32 rounds each operation once, on every shape", () => {
  const shapes = [[], [1], [13], [1, 1], [1, 17], [19, 1], [7, 11], [3, 5, 7], [2, 1, 3, 5], [5, 3, 1, 1]];

  test.each(shapes.map((shape) => ({ shape })))("shape $shape", ({ shape }) => {
    const { batch, rows, cols } = viewOf(shape);
    const x = element(floats(sizeOf(shape), 1));
    const { rowmean, colmean, rms, norm, mean } = fieldsOf(viewOf(shape), float32, "hold");
    const at = (b: number, r: number, c: number) => x.data[(b * rows + r) * cols + c] as number;
    const range = (n: number) => Array.from({ length: n }, (_, i) => i);
    const average = (terms: number[]) => f(treeSum(Float64Array.from(terms), float32) / terms.length);

    expect([...rowmean(x).data]).toEqual(
      range(batch).flatMap((b) => range(rows).map((r) => average(range(cols).map((c) => at(b, r, c))))),
    );
    expect([...colmean(x).data]).toEqual(
      range(batch).flatMap((b) => range(cols).map((c) => average(range(rows).map((r) => at(b, r, c))))),
    );
    const squares = Float64Array.from(x.data, (value) => f(value * value));
    const sum = treeSum(squares, float32);
    expect([...norm(x).data]).toEqual([f(Math.sqrt(sum))]);
    expect([...rms(x).data]).toEqual([f(Math.sqrt(f(sum / squares.length)))]);
    expect([...mean(x).data]).toEqual([average([...x.data])]);
  });
});
