import { chmodSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { cpus } from "../support/cpu.js";
import { type Outcome, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const cpu = join(workplace.folder, "generated/tiny/cpu");

function build(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Outcome {
  const target = args.includes("--target") ? [] : ["--target", "typescript,cpu"];
  return workplace.run(["build", "tiny.yaml", ...target, ...args], env);
}

const libraries = (): string[] =>
  existsSync(cpu) ? readdirSync(cpu).filter((name) => name.endsWith(".so")) : [];
const times = (): number[] => libraries().map((name) => statSync(join(cpu, name)).mtimeMs);

beforeEach(() => {
  for (const name of readdirSync(workplace.folder)) rmSync(join(workplace.folder, name), { recursive: true });
  workplace.write("tiny.yaml", specText());
});

describe.runIf(cpus.length > 0)("build compiles cpu kernels", () => {
  test("for every instruction set, and never twice", () => {
    const first = build();
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^\d files? compiled, 0 unchanged, [\d.]+ s$/m);
    expect(libraries().length).toBeGreaterThanOrEqual(cpus.length);
    const made = times();
    expect(build().stdout).toMatch(/^0 files compiled, \d unchanged, /m);
    expect(times()).toEqual(made);
  });

  test("again where a source, or what compiled it, has changed", () => {
    build();
    workplace.write("tiny.yaml", specText().replace("0.9", "0.8"));
    expect(build().stdout).toMatch(/^[1-9] files? compiled, 0 unchanged, /m);
    workplace.write("tiny.yaml", `${specText().replace("0.9", "0.8")}math: fast\n`);
    expect(build().stdout).toMatch(/^[1-9] files? compiled, 0 unchanged, /m);
    expect(build([], { CXX: "g++" }).stdout).toMatch(/^[1-9] files? compiled, 0 unchanged, /m);
  });

  test("not with --no-compile, nor for other targets, with which they go", () => {
    build(["--no-compile"]);
    expect(libraries()).toEqual([]);
    build();
    expect(libraries()).not.toEqual([]);
    expect(build(["--target", "typescript"]).stdout).not.toContain("compiled");
    expect(existsSync(cpu)).toBe(false);
    expect(existsSync(join(workplace.folder, "generated/tiny/.compiled"))).toBe(false);
  });

  test("or says in one error what the compiler says, and leaves what there was", () => {
    build();
    const made = times();
    workplace.write(
      "bin/c++",
      "#!/bin/sh\n[ $1 = --version ] && exit\necho kernels.cpp:1:2: error: no >&2\nexit 1\n",
    );
    chmodSync(join(workplace.folder, "bin/c++"), 0o755);
    const { code, stderr } = build([], { CXX: join(workplace.folder, "bin/c++") });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^lowbit-gen: .*kernels\.cpp does not compile with .*c\+\+:\nkernels\.cpp:1:2: error: no\n$/,
    );
    expect(times()).toEqual(made);
    expect(readdirSync(cpu).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

test("without a C++ compiler, build writes the sources and says that they are not compiled", () => {
  const bare = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !["c++", "g++", "clang++"].some((name) => existsSync(join(folder, name))));
  const { code, stderr } = build([], { PATH: bare.join(delimiter), CXX: "" });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^the cpu kernels were written but not compiled: no C\+\+ compiler .* install one/);
  expect(existsSync(join(cpu, "kernels.cpp"))).toBe(true);
  expect(libraries()).toEqual([]);
});
