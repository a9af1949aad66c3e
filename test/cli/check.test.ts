import { expect, test } from "vitest";
import { shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const wrong = 'name: wrong\nhypr:\n  lr: 1\nupdate: "p = p - g"\n';

test("one line a valid spec", () => {
  const paths = ["adamw-4bit-block", "lion-8bit"].map(shipped);
  const { code, stdout, stderr } = workplace.run(["check", ...paths]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  // 2 * 4 bits and 2 scales of 32 bits for 128 elements; 8 bits and one scale for 256.
  expect(lines[0]).toMatch(/adamw-4bit-block\.yaml: ok, .*2 states, 1\.063 bytes a parameter, 1 pass$/);
  expect(lines[1]).toMatch(/lion-8bit\.yaml: ok, .*1 state, 1\.016 bytes a parameter, 1 pass$/);
});

test("the diagnostics of a wrong one, at its place, and what is right beside it", () => {
  const [right, left] = [workplace.write("right.yaml", specText()), workplace.write("wrong.yaml", wrong)];
  const { code, stdout, stderr } = workplace.run(["check", left, right]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^right\.yaml: ok/);
  expect(stderr).toContain("wrong.yaml:2:1: error E201: unknown key hypr");
  expect(stderr).toContain("did you mean hyper?");
});

test("JSON specs", () => {
  const json = { name: "tiny", update: "p = p - lr*g", hyper: { lr: 0.1 } };
  expect(workplace.run(["check", workplace.write("tiny.json", JSON.stringify(json))])).toMatchObject({
    code: 0,
  });
});

test("a byte order mark is no part of a spec", () => {
  expect(workplace.run(["check", workplace.write("bom.yaml", `\ufeff${specText()}`)]).code).toBe(0);
});

test.each([
  ["is not there", "nope.yaml", "there is no such file or folder"],
  ["is a pattern that nothing matched", "no/*.yaml", "where no file matches"],
  ["is a folder", ".", "it is a folder"],
])("E101 for a file that %s", (_, path, reason) => {
  const { code, stdout, stderr } = workplace.run(["check", path]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(`${path}:1:1: error E101: cannot read ${path}: `);
  expect(stderr).toContain(reason);
});

test("E101 for a file that is not text", () => {
  const path = workplace.write("binary.yaml", Uint8Array.of(0x6e, 0xff, 0xfe, 0x00));
  expect(workplace.run(["check", path]).stderr).toContain("E101: cannot read binary.yaml: it is not UTF-8");
});
