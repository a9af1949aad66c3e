import fc from "fast-check";
import { expect, test } from "vitest";
import { Document, LineCounter, parseDocument, Scalar } from "yaml";
import { sourceOf } from "../../generator/parse/source.js";

const characters = [
  "p",
  "=",
  "g",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\t",
  "#",
  '"',
  "'",
  "\\",
  ":",
  "\u00e9",
  "\u{1f600}",
  "\u0001",
];
const texts = fc.string({ unit: fc.constantFrom(...characters), maxLength: 60 });
const types = fc.constantFrom(
  Scalar.BLOCK_LITERAL,
  Scalar.BLOCK_FOLDED,
  Scalar.PLAIN,
  Scalar.QUOTE_DOUBLE,
  Scalar.QUOTE_SINGLE,
);

/** A file in which the text stands in some way that YAML has for it, deep or not, with either line break. */
const files = fc
  .record({
    value: texts,
    type: types,
    width: fc.integer({ min: 8, max: 40 }),
    deep: fc.boolean(),
    crlf: fc.boolean(),
  })
  .map(({ value, type, width, deep, crlf }) => {
    const scalar = new Scalar(value);
    scalar.type = type;
    const update = { other: 1, update: scalar, last: 2 };
    const text = new Document(deep ? { states: update } : update).toString({
      lineWidth: width,
      minContentWidth: 0,
    });
    return {
      path: deep ? ["states", "update"] : ["update"],
      text: crlf ? text.replaceAll("\n", "\r\n") : text,
    };
  });

/** The escapes of a double-quoted text that are one character. */
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  '"': '"',
  "\\": "\\",
  x: "\u0001",
  u: "\u0001",
  e: "\u001b",
};

test("every character of a text is found in the file, in order", () => {
  let found = 0;
  fc.assert(
    fc.property(files, ({ path, text }) => {
      const lines = new LineCounter();
      const document = parseDocument(text, { lineCounter: lines });
      fc.pre(document.errors.length === 0);
      const source = sourceOf(text, document, lines);
      const scalar = document.getIn(path, true) as Scalar<string>;
      let last = -1;
      for (let offset = 0; offset < scalar.value.length; offset++) {
        const character = scalar.value[offset] as string;
        if (character.trim() === "") continue;
        const { line, column } = source.inside(path, offset);
        const at = (lines.lineStarts[line - 1] as number) + column - 1;
        const isEscape = scalar.type === Scalar.QUOTE_DOUBLE && text[at] === "\\";
        expect(isEscape ? escapes[text[at + 1] ?? ""] : text[at]).toBe(character);
        expect(at).toBeGreaterThan(last);
        last = at;
        found++;
      }
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(5000);
});

test("escapes of any length", () => {
  const text = 'update: "a\\x41\\u00e9\\U0001F600b\\\n   c \n\n d\\/e"';
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  expect(document.get("update")).toBe("aA\u00e9\u{1f600}bc\nd/e");
  const source = sourceOf(text, document, lines);
  const columns = Array.from({ length: 11 }, (_, offset) => {
    const { line, column } = source.inside(["update"], offset);
    return `${line}:${column}`;
  });
  expect(columns).toEqual([
    "1:10",
    "1:11",
    "1:15",
    "1:21",
    "1:21",
    "1:31",
    "2:4",
    "2:5",
    "4:2",
    "4:3",
    "4:5",
  ]);
});
