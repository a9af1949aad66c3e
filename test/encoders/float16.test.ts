import { expect, test } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../generator/build/float16.js";
import { Names } from "../../generator/build/names.js";
import { FragmentWriter } from "../../generator/build/writer.js";
import { Evaluation } from "../../generator/ir/evaluate.js";
import { typed } from "../../generator/ir/expr.js";
import { bitsOf, decodeF16, fromBits, nearestF16, nextUp } from "../oracle/index.js";

/** The conversions of the generator as functions, by the evaluator. */
function conversions() {
  const [code, value] = [typed("code", "u32"), typed("value", "f32")];
  const [decoded, encoded] = [typed("decoded", "f32"), typed("encoded", "u32")];
  const [decode, encode] = [new FragmentWriter(new Names([])), new FragmentWriter(new Names([]))];
  decode.define(decoded, decodeFloat16(decode.input(code), "d", decode));
  encode.define(encoded, encodeFloat16(encode.input(value), "e", encode));
  const evaluation = new Evaluation([]);
  const [runDecode, runEncode] = [decode.finish(decoded), encode.finish(encoded)].map((fragment) =>
    evaluation.compile(fragment),
  );
  const cell = (variable: { readonly name: string }) => evaluation.cell(variable);
  return {
    decode: (given: number): number => {
      cell(code).value = given;
      runDecode?.();
      return cell(decoded).value;
    },
    encode: (given: number): number => {
      cell(value).value = given;
      runEncode?.();
      return cell(encoded).value;
    },
  };
}

const { decode, encode } = conversions();

test("every float16 decodes to its value", () => {
  for (let code = 0; code < 65536; code++) {
    const [found, wanted] = [decode(code), decodeF16(code)];
    if (!Object.is(found, wanted)) expect.fail(`0x${code.toString(16)}: ${found}, not ${wanted}`);
  }
});

test("every float16, the midpoints beside it and their neighbours are rounded to the nearest, ties to even", () => {
  const wrong: string[] = [];
  const check = (x: number): void => {
    for (const value of [x, nextUp(x), -nextUp(-x), -x, -nextUp(x), nextUp(-x)]) {
      if (encode(value) !== nearestF16(value)) wrong.push(`${value}`);
    }
  };
  for (let code = 0; code < 0x7c00; code++) {
    const [value, next] = [decodeF16(code), code === 0x7bff ? 65536 : decodeF16(code + 1)];
    check(value);
    check((value + next) / 2);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

test("floats of every exponent, infinities and NaN", () => {
  const wrong: number[] = [];
  for (let high = 0; high < 65536; high++) {
    const value = fromBits(((high << 16) | (Math.imul(high, 0x9e3779b1) >>> 16)) >>> 0);
    const wanted = nearestF16(value);
    const found = encode(value);
    const isNan = (found & 0x7fff) > 0x7c00;
    if (Number.isNaN(value) ? !isNan : found !== wanted) wrong.push(bitsOf(value));
  }
  expect(wrong).toEqual([]);
});
