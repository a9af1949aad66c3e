import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  compile,
  diagnosticCodes,
  formatDiagnostic,
  loadSpec,
  SpecError,
  targets,
} from "../../generator/cli/library.js";
import { root, shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();

/** What a promise or a call is rejected with. */
async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

describe("the library", () => {
  test("compiles a spec file to what build writes", async () => {
    const spec = await loadSpec(shipped("adamw-4bit-block"));
    expect(spec).toMatchObject({ name: "adamw-4bit-block", className: "AdamW4bitBlock" });
    const { plan, files } = compile(spec);
    expect(plan).toBe(spec);
    workplace.run(["build", shipped("adamw-4bit-block"), "--no-compile"]);
    const { ".lowbit-gen.json": _, ...built } = workplace.snapshot("generated/adamw-4bit-block");
    expect(Object.fromEntries(files.map(({ path, text }) => [path, text]))).toEqual(built);
  });

  test("compiles a text, and a plan that was stored", async () => {
    const { plan, files } = compile(specText());
    expect(compile(JSON.parse(JSON.stringify(plan))).files).toEqual(files);
  });

  test("for the targets that are named", () => {
    const names = targets.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["typescript", "wgsl", "cuda"]));
    const { files } = compile(specText(), { targets: ["wgsl"] });
    expect(files.some(({ path }) => path.startsWith("wgsl/"))).toBe(true);
    expect(files.some(({ path }) => /^(cuda|typescript)\//.test(path))).toBe(false);
    expect(() => compile(specText(), { targets: ["wgls"] })).toThrow("did you mean wgsl?");
  });

  test("throws every diagnostic, with the file", async () => {
    const path = join(workplace.folder, workplace.write("wrong.yaml", "name: Wrong\nupdate: 3\nhypr: {}\n"));
    const error = await errorOf(() => loadSpec(path));
    expect(error).toBeInstanceOf(SpecError);
    const { file, diagnostics, message } = error as SpecError;
    expect(file).toBe(path);
    expect(diagnostics.map(({ code }) => code).sort()).toEqual(["E201", "E203", "E205"]);
    expect(message).toBe(diagnostics.map((diagnostic) => formatDiagnostic(path, diagnostic)).join("\n"));
    for (const { code } of diagnostics) expect(diagnosticCodes).toHaveProperty(code);
  });

  test("a file that is not there is E101 at 1:1", async () => {
    const error = (await errorOf(() => loadSpec("nope.yaml"))) as SpecError;
    expect(error).toMatchObject({
      file: "nope.yaml",
      diagnostics: [{ code: "E101", position: { line: 1, column: 1 } }],
    });
    expect(error.message).toContain("nope.yaml");
  });

  test("a wrong text is named spec", async () => {
    expect(await errorOf(() => compile("name: 1"))).toMatchObject({ name: "SpecError", file: "spec" });
  });
});

test("is what the package exports", () => {
  const { exports } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const script = `import { loadSpec, compile } from "lowbit-gen";
    const { files } = compile(await loadSpec(process.argv[1]), { targets: ["typescript"] });
    console.log(files.length > 3);`;
  expect(exports["."].default).toBe("./dist/generator/cli/library.js");
  const args = ["--input-type=module", "-e", script, shipped("lion-8bit")];
  expect(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" })).toBe("true\n");
});
