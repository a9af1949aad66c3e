import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();

describe("list", () => {
  test("compares the specs it is given", () => {
    const { code, stdout, stderr } = workplace.run([
      "list",
      shipped("adamw-4bit-block"),
      shipped("adamw-32bit"),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/adamw-4bit-block .* m: 4 bits, v: 4 bits .* 1\.063 .* 1 .*2309\.01507/);
    expect(stdout).toMatch(/adamw-32bit .* m: f32, v: f32 .* 8\.000 /);
  });

  test("takes those in spec/ otherwise, or says that there are none", () => {
    const { code, stdout, stderr } = workplace.run(["list"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("there are no specs in spec/");
    workplace.write("spec/tiny.yaml", specText());
    workplace.write("spec/optimizer.schema.json", "{}");
    expect(workplace.run(["list"]).stdout).toMatch(/ tiny .* m: 4 bits .* 0\.625 /);
  });

  test("wrong specs are diagnostics", () => {
    expect(workplace.run(["list", "nope.yaml"])).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("schema", () => {
  test("is the file that is checked in", () => {
    const { code, stdout } = workplace.run(["schema"]);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(join(root, "spec", "optimizer.schema.json"), "utf8"));
    expect(workplace.run(["schema", "--out", "a/b.json"])).toMatchObject({ code: 0, stdout: "" });
    expect(workplace.read("a/b.json")).toBe(stdout);
  });

  test("describes every key of a spec and of a state", () => {
    const { properties, required, additionalProperties } = JSON.parse(workplace.run(["schema"]).stdout);
    expect(required).toEqual(["name", "update"]);
    expect(additionalProperties).toBe(false);
    const state = properties.states.additionalProperties;
    expect(state.additionalProperties).toBe(false);
    for (const keys of [properties, state.properties]) {
      for (const [key, { description }] of Object.entries<{ description?: string }>(keys)) {
        expect(description, key).toMatch(/\w/);
      }
    }
    expect(state.properties.min_size.default).toBe(4096);
    expect(state.properties.rounding.default).toBe("nearest");
  });
});
