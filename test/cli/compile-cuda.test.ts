import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Outcome, shipped, specText, Workplace } from "./support.js";

const workplace = new Workplace();
const fatbin = "generated/tiny/cuda/kernels.fatbin";
const at = (path: string): string => join(workplace.folder, path);

/** An nvcc that writes what it was called with, or fails where a source holds the word FAIL. */
const fakeNvcc = `#!/bin/sh
case "$1" in
  --version) echo "Cuda compilation tools, release \${FAKE_VERSION:-13.0}, V13.0.88"; exit 0 ;;
  --list-gpu-code) printf 'sm_75\\nsm_80\\nsm_86\\nsm_90\\n'; exit 0 ;;
  --list-gpu-arch) printf 'compute_80\\ncompute_90\\n'; exit 0 ;;
esac
for last; do :; done
while [ "$1" != "-o" ]; do flags="$flags $1"; shift; done
echo called >> calls
if grep -q "$FAKE_FAIL" "$last"; then
  echo "half" > "$2"
  echo "$last(7): error: expected a \\";\\"" >&2
  exit 2
fi
echo "$flags" > "$2"
`;

function build(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Outcome {
  const target = args.includes("--target") ? [] : ["--target", "typescript,cuda"];
  return workplace.run(["build", "tiny.yaml", ...target, ...args], {
    NVCC: at("nvcc"),
    FAKE_FAIL: "no such word",
    ...env,
  });
}

const calls = (): number => {
  const path = at("calls");
  const count = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").length : 0;
  rmSync(path, { force: true });
  return count;
};

beforeEach(() => {
  for (const name of readdirSync(workplace.folder)) rmSync(at(name), { recursive: true });
  workplace.write("tiny.yaml", specText());
  workplace.write("nvcc", fakeNvcc);
  chmodSync(at("nvcc"), 0o755);
});

describe("build compiles", () => {
  test("for the usual GPUs that nvcc knows, and PTX of the newest", () => {
    const { code, stdout, stderr } = build();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^1 file compiled, 0 unchanged, \d+\.\d s$/m);
    const flags = workplace.read(fatbin);
    // What the header of the source says, and the architectures.
    const header = /Compile with: nvcc (.*)/.exec(workplace.read("generated/tiny/cuda/kernels.cu"))?.[1];
    expect(flags).toContain(header);
    expect(flags).toContain(
      "-gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_86,code=sm_86 -gencode=arch=compute_90,code=sm_90 " +
        "-gencode=arch=compute_90,code=compute_90",
    );
    expect(JSON.parse(workplace.read(`${fatbin}.json`))).toMatchObject({
      nvcc: "13.0",
      architectures: ["sm_80", "sm_86", "sm_90", "compute_90"],
    });
  });

  test("for those that --arch names, and no other", () => {
    expect(build(["--arch", "sm_90,sm_75"]).code).toBe(0);
    expect(workplace.read(fatbin)).toContain(
      "-gencode=arch=compute_90,code=sm_90 -gencode=arch=compute_75,code=sm_75 --fatbin",
    );
    expect(workplace.read(fatbin)).not.toContain("sm_80");
    const wrong = build(["--arch", "sm_91"]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('no architecture "sm_91"') });
    expect(build(["--arch", "sm_90", "--no-compile"]).stderr).toContain("give one of them");
    expect(build(["--arch", "sm_90", "--target", "wgsl"]).stderr).toContain("add --target cuda");
  });

  test("only what changed: the source, the architectures or the compiler", () => {
    build();
    expect(calls()).toBe(1);
    const written = statSync(at(fatbin)).mtimeMs;
    expect(build().stdout).toMatch(/^0 files compiled, 1 unchanged, /m);
    expect([calls(), statSync(at(fatbin)).mtimeMs]).toEqual([0, written]);
    build(["--arch", "sm_90"]);
    build(["--arch", "sm_90"], { FAKE_VERSION: "13.1" });
    workplace.write("tiny.yaml", specText({ update: "  m = 0.8*m + g\n  p = p - lr*m" }));
    build(["--arch", "sm_90"], { FAKE_VERSION: "13.1" });
    expect(calls()).toBe(3);
    rmSync(at(fatbin));
    build(["--arch", "sm_90"], { FAKE_VERSION: "13.1" });
    expect(calls()).toBe(1);
  });

  test("several packages, each once", () => {
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) workplace.write(`${name}.yaml`, specText({ name }));
    const { code, stdout } = build(names.map((name) => `${name}.yaml`));
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^6 files compiled/m) });
    expect(calls()).toBe(6);
    for (const name of names) expect(existsSync(at(`generated/${name}/cuda/kernels.fatbin`))).toBe(true);
  });

  test("nothing with --no-compile", () => {
    expect(build(["--no-compile"])).toMatchObject({ code: 0, stderr: "" });
    expect([calls(), existsSync(at(fatbin))]).toEqual([0, false]);
  });

  test("and removes what it compiled with the target", () => {
    build();
    build(["--target", "typescript"]);
    expect(existsSync(at("generated/tiny/cuda"))).toBe(false);
  });
});

describe("where the compiler", () => {
  test("is missing, the sources are written and it says so once", () => {
    workplace.write("other.yaml", specText({ name: "other" }));
    const said = build(["other.yaml"], { NVCC: undefined, PATH: "/nowhere" });
    expect(said).toMatchObject({
      code: 0,
      stderr:
        "the cuda kernels were written but not compiled: nvcc is not found; install the CUDA toolkit, or name it with the " +
        "environment variable NVCC, and build again\n",
    });
    expect(existsSync(at("generated/tiny/cuda/kernels.cu"))).toBe(true);
    expect(build(["--target", "wgsl"], { NVCC: undefined, PATH: "/nowhere" }).stderr).toBe("");
  });

  test("that NVCC names is missing, that is an error", () => {
    expect(build([], { NVCC: at("none") })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("which is not there: correct it"),
    });
  });

  test("fails, its own lines are one error and nothing half-written stays", () => {
    const outcome = build([], { FAKE_FAIL: "tiny" });
    const source = "generated/tiny/cuda/kernels.cu";
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toBe(
      `lowbit-gen: ${source} does not compile with ${at("nvcc")}:\n${source}(7): error: expected a ";"\n`,
    );
    expect(readdirSync(at("generated/tiny/cuda")).sort()).toEqual([
      "kernels.cu",
      "kernels.d.ts",
      "kernels.js",
      "kernels.ts",
    ]);
  });
});

describe.runIf(spawnSync("nvcc", ["--version"]).status === 0)("nvcc itself", () => {
  test.each(["adamw-4bit-block", "solo-adafactor-4-2"])("compiles %s", { timeout: 120_000 }, (name) => {
    const { code, stdout } = workplace.run(["build", shipped(name), "--target", "cuda", "--arch", "sm_90"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("1 file compiled") });
    const image = readFileSync(at(`generated/${name}/cuda/kernels.fatbin`));
    expect(image.readUInt32LE(0)).toBe(0xba55ed50);
    expect(image.readBigUInt64LE(8)).toBe(BigInt(image.length - image.readUInt16LE(6)));
  });
});
