import { expect, test } from "vitest";
import { Workplace } from "./support.js";

const workplace = new Workplace();

test("writes a commented spec that compiles, and says what to do next", () => {
  const { code, stdout, stderr } = workplace.run(["init", "my-adam"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("spec/my-adam.yaml");
  expect(stdout).toContain("lowbit-gen build spec/my-adam.yaml");

  const text = workplace.read("spec/my-adam.yaml");
  const [first] = text.split("\n");
  expect(first).toBe("# yaml-language-server: $schema=../node_modules/lowbit-gen/spec/optimizer.schema.json");
  expect(text.split("\n").filter((line) => line.startsWith("#")).length).toBeGreaterThan(20);
  expect(workplace.run(["check", "spec/my-adam.yaml"])).toMatchObject({ code: 0, stderr: "" });
});

test("the schema's path fits the folder", () => {
  expect(workplace.run(["init", "deep", "--out", "a/b"]).code).toBe(0);
  expect(workplace.read("a/b/deep.yaml")).toContain("$schema=../../node_modules/lowbit-gen/spec/");
});

test("overwrites nothing", () => {
  workplace.write("spec/taken.yaml", "mine");
  const { code, stdout, stderr } = workplace.run(["init", "taken"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("spec/taken.yaml is there already and stays as it is");
  expect(workplace.read("spec/taken.yaml")).toBe("mine");
});

test.each(["My-Adam", "4bit", "a--b", "a_b", "../escape", "a/b", ""])("refuses the name %j", (name) => {
  const before = workplace.snapshot();
  const { code, stderr } = workplace.run(["init", name]);
  expect(code).toBe(1);
  expect(stderr).toContain(`${JSON.stringify(name)} cannot name a spec: `);
  expect(stderr).toContain("lower-case words");
  expect(workplace.snapshot()).toEqual(before);
});
