import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const commands = ["init", "check", "explain", "build", "list", "replay", "fuzz", "bench", "schema"];

describe("help", () => {
  test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("of the program: %j", (args) => {
    const { code, stdout, stderr } = workplace.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
  });

  test.each(commands)("of %s says what it does, and its options", (command) => {
    const { code, stdout, stderr } = workplace.run([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`$ lowbit-gen ${command}`);
    expect(stdout).toMatch(/^Examples:\n {2}\$ lowbit-gen /m);
  });

  test("help COMMAND is COMMAND --help", () => {
    expect(workplace.run(["help", "build"])).toEqual(workplace.run(["build", "--help"]));
  });

  test("--version is the package's", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const { code, stdout } = workplace.run(["--version"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`lowbit-gen/${version} `);
  });
});

describe("a wrong call is one clear line on stderr, and exit code 1", () => {
  const wrong: [string, string[], string][] = [
    [
      "an unknown command",
      ["biuld"],
      'there is no command "biuld": did you mean build? allowed: init, check',
    ],
    ["a command that is far from all", ["zzzzzz"], 'there is no command "zzzzzz": allowed: init, check'],
    [
      "an unknown option",
      ["build", "--tarket", "a", "x.yaml"],
      "build has no option --tarket: did you mean --target?",
    ],
    ["an unknown short option", ["check", "-z", "x.yaml"], "check has no option -z: allowed: --help"],
    ["an option without a command", ["--vesion"], "no option --vesion: did you mean --version?"],
    ["an option of another command", ["check", "--out", "a", "x.yaml"], "check has no option --out"],
    ["no spec", ["check"], "check needs more: lowbit-gen check <...specs>"],
    ["a spec too many", ["explain", "a.yaml", "b.yaml"], "explain does not take b.yaml"],
    ["an option without its value", ["build", "x.yaml", "--out"], "option `--out <dir>` value is missing"],
    ["an option given twice", ["build", "x.yaml", "--out", "a", "--out", "b"], "--out is given 2 times"],
    ["an empty option", ["build", "--out=", "x.yaml"], "--out is empty"],
    ["an empty place in a list", ["build", "x.yaml", "--target", "wgsl,"], "--target has an empty place"],
    ["an option with an empty value", ["build", "--out", "", "x.yaml"], "--out is empty"],
    ["an unknown target", ["build", "x.yaml", "--target", "wgls"], 'no target "wgls": did you mean wgsl?'],
    [
      "an unknown stage",
      ["explain", "x.yaml", "--stage", "pln"],
      'no stage "pln": did you mean plan? allowed: spec, plan, ir,',
    ],
  ];

  test.each(wrong)("%s", (_, args, message) => {
    const { code, stdout, stderr } = workplace.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^lowbit-gen: /);
  });

  test("a stack trace comes with LOWBIT_DEBUG=1 only", () => {
    expect(workplace.run(["biuld"]).stderr).not.toMatch(/^ +at /m);
    expect(workplace.run(["biuld"], { LOWBIT_DEBUG: "1" }).stderr).toMatch(/^ +at .*program/m);
  });
});

test("numbers that are not written the short way stay as they are typed", () => {
  const spec = workplace.write("typed.yaml", specText());
  expect(workplace.run(["build", spec, "--out", "007", "--target", "typescript"]).code).toBe(0);
  expect(workplace.read("007/tiny/plan.json")).toContain('"name": "tiny"');
});
