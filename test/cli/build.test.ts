import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Outcome, shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const manifest = "generated/tiny/.lowbit-gen.json";

/** What compilers make of packages is for compile.test.ts. */
function build(...args: string[]): Outcome {
  return workplace.run(["build", ...args, "--no-compile"]);
}

/** The last line: `1 package: 16 files written, 0 unchanged, 0 removed, 900 ms`. */
function summary({ stdout }: Outcome): string | undefined {
  return stdout
    .trimEnd()
    .split("\n")
    .at(-1)
    ?.replace(/, \d+ ms$/, "");
}

beforeEach(() => {
  for (const name of readdirSync(workplace.folder)) rmSync(join(workplace.folder, name), { recursive: true });
  workplace.write("tiny.yaml", specText());
});

describe("build", () => {
  test("writes a package for every target, and a manifest of it", () => {
    const outcome = build("tiny.yaml");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    const files = workplace.snapshot("generated/tiny");
    const names = Object.keys(files).filter((path) => path !== ".lowbit-gen.json");
    for (const path of [
      "index.ts",
      "index.js",
      "index.d.ts",
      "plan.json",
      "cuda/kernels.cu",
      "wgsl/step.wgsl",
    ]) {
      expect(names).toContain(path);
    }
    expect(summary(outcome)).toBe(`1 package: ${names.length} files written, 0 unchanged, 0 removed`);
    expect(Object.keys(JSON.parse(files[".lowbit-gen.json"] ?? "").files)).toEqual(names);
  });

  test("writes nothing the second time", () => {
    build("tiny.yaml");
    const before = workplace.snapshot();
    const place = join(workplace.folder, "generated/tiny");
    const times = (): number[] =>
      readdirSync(place, { recursive: true, encoding: "utf8" }).map(
        (path) => statSync(join(place, path)).mtimeMs,
      );
    const written = times();
    const outcome = build("tiny.yaml");
    expect(summary(outcome)).toMatch(/^1 package: 0 files written, \d+ unchanged, 0 removed$/);
    expect(workplace.snapshot()).toEqual(before);
    expect(times()).toEqual(written);
  });

  test("writes only what changed", () => {
    build("tiny.yaml");
    rmSync(join(workplace.folder, "generated/tiny/index.ts"));
    workplace.write("generated/tiny/plan.json", "{}");
    expect(summary(build("tiny.yaml"))).toMatch(/^1 package: 2 files written, \d+ unchanged, 0 removed$/);
  });

  test("is the same bytes wherever it runs", () => {
    build("tiny.yaml");
    build("tiny.yaml", "--out", "elsewhere");
    expect(workplace.snapshot("elsewhere")).toEqual(workplace.snapshot("generated"));
  });

  test.each([[["--target", "wgsl,typescript"]], [["--target", "typescript", "--target=wgsl"]]])(
    "takes targets as %j",
    (args) => {
      expect(build("tiny.yaml", ...args).code).toBe(0);
      expect(readdirSync(join(workplace.folder, "generated/tiny")).sort()).toEqual(
        [".lowbit-gen.json", "index.d.ts", "index.js", "index.ts", "plan.json", "typescript", "wgsl"].sort(),
      );
    },
  );

  test("several specs: a line each, and one for all", () => {
    workplace.write("other.yaml", specText({ name: "other" }));
    const { code, stdout } = build("tiny.yaml", "other.yaml");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^generated[/\\]tiny: \d+ files written/);
    expect(lines[2]).toMatch(/^2 packages: /);
  });
});

describe("stale files", () => {
  test("of a target that is built no more go, with their folder", () => {
    build("tiny.yaml");
    const outcome = build("tiny.yaml", "--target", "typescript");
    expect(summary(outcome)).toMatch(/, [1-9]\d* removed$/);
    expect(existsSync(join(workplace.folder, "generated/tiny/wgsl"))).toBe(false);
    expect(existsSync(join(workplace.folder, "generated/tiny/cuda"))).toBe(false);
    expect(workplace.read(manifest)).not.toContain("wgsl");
    expect(summary(build("tiny.yaml", "--target", "typescript"))).toMatch(
      /0 files written, \d+ unchanged, 0 removed/,
    );
  });

  test("stay where somebody else put them", () => {
    build("tiny.yaml");
    workplace.write("generated/tiny/wgsl/notes.md", "mine");
    workplace.write("generated/tiny/README.md", "mine");
    build("tiny.yaml", "--target", "typescript");
    expect(readdirSync(join(workplace.folder, "generated/tiny/wgsl"))).toEqual(["notes.md"]);
    expect(workplace.read("generated/tiny/README.md")).toBe("mine");
  });

  test("stay where they were changed by hand, and are named", () => {
    build("tiny.yaml");
    workplace.write("generated/tiny/wgsl/step.wgsl", "// mine now\n");
    const { code, stderr } = build("tiny.yaml", "--target", "typescript");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^kept generated[/\\]tiny[/\\]wgsl[/\\]step\.wgsl: .*changed by hand/);
    expect(workplace.read("generated/tiny/wgsl/step.wgsl")).toBe("// mine now\n");
  });

  test("are never looked for outside the package", () => {
    build("tiny.yaml");
    workplace.write("precious.txt", "mine");
    const hash = "0".repeat(64);
    for (const path of ["../../precious.txt", "/etc/passwd", "a/../../../precious.txt", "C:\\precious.txt"]) {
      workplace.write(manifest, JSON.stringify({ files: { [path]: hash } }));
      const { code, stderr } = build("tiny.yaml");
      expect(code).toBe(1);
      expect(stderr).toContain(".lowbit-gen.json is not what lowbit-gen wrote");
    }
    expect(workplace.read("precious.txt")).toBe("mine");
  });
});

describe("nothing is written", () => {
  function expectNothing(args: readonly string[], message: string | RegExp): void {
    const before = workplace.snapshot();
    const { code, stdout, stderr } = build(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(workplace.snapshot()).toEqual(before);
  }

  test("where one of the specs is wrong", () => {
    workplace.write("wrong.yaml", "name: wrong\n");
    expectNothing(
      ["tiny.yaml", "wrong.yaml", "nope.yaml"],
      /^wrong\.yaml:1:1: error E202[\s\S]*^nope\.yaml:1:1: error E101/m,
    );
  });

  test("where two specs have one name", () => {
    workplace.write("copy.yaml", specText());
    expectNothing(["tiny.yaml", "copy.yaml"], /tiny\.yaml and copy\.yaml are both named tiny/);
  });

  test("over a file of somebody else", () => {
    workplace.write("generated/tiny/index.ts", "export const mine = 1;\n");
    workplace.write("other.yaml", specText({ name: "other" }));
    expectNothing(
      ["other.yaml", "tiny.yaml"],
      /tiny[/\\]index\.ts was not written by lowbit-gen and would be overwritten/,
    );
  });

  test("over a folder", () => {
    mkdirSync(join(workplace.folder, "generated/tiny/index.ts"), { recursive: true });
    expectNothing(["tiny.yaml"], /index\.ts is in the way of a generated file/);
  });

  test("where the output folder is a file", () => {
    writeFileSync(join(workplace.folder, "generated"), "mine");
    expectNothing(["tiny.yaml"], /^lowbit-gen: generated is a file, and a folder is needed there/);
  });
});

test("a file without a manifest is lowbit-gen's where it says so, or is what would be written", () => {
  build("tiny.yaml");
  const before = workplace.snapshot("generated");
  rmSync(join(workplace.folder, manifest));
  workplace.write("generated/tiny/index.ts", "// Generated by lowbit-gen from the spec tiny. Do not edit.\n");
  expect(build("tiny.yaml").code).toBe(0);
  expect(workplace.snapshot("generated")).toEqual(before);
});

test("the repository's own specs build", () => {
  expect(build(shipped("adamw-3bit"), shipped("adamw-8bit"), "--out", "o")).toMatchObject({
    code: 0,
    stderr: "",
  });
});
