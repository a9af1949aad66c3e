import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { addonPath, canRun } from "./support.js";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "lowbit-addon-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The build script with a PATH of some programs only, in a copy of its folder where nothing is built. */
function build(args: readonly string[], programs: Readonly<Record<string, string>> = {}) {
  const place = mkdtempSync(join(folder, "build-"));
  const native = join(place, "runtime", "native");
  mkdirSync(native, { recursive: true });
  for (const name of ["CMakeLists.txt", "build.mjs", "package.json", "src"])
    cpSync(join(root, "runtime", "native", name), join(native, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(place, "node_modules"));
  const bin = join(place, "bin");
  mkdirSync(bin);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const options = { env: { PATH: bin, HOME: place }, encoding: "utf8" } as const;
  return spawnSync(process.execPath, [join(native, "build.mjs"), ...args], options);
}

/** What loading the addon says, in another process. */
function load(addon: string): { readonly code: string; readonly message: string } {
  const script =
    'const { loadAddon } = await import(process.argv[1]); try { loadAddon(); console.log("{}"); } catch (error) ' +
    "{ console.log(JSON.stringify({ code: error.code, message: error.message })); }";
  const module = pathToFileURL(join(root, "dist/runtime/native/addon.js")).href;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script, module], {
    env: { ...process.env, LOWBIT_ADDON: addon },
    encoding: "utf8",
  });
  return JSON.parse(stdout);
}

describe("building the addon", () => {
  test("names what is missing, and fails only where it is asked for", () => {
    const whole =
      /a C\+\+ compiler \(g\+\+ or clang\+\+\) and cmake not found: install it, then run `npx lowbit-gen native`/;
    const install = build([]);
    expect({ status: install.status, stderr: install.stderr }).toEqual({ status: 0, stderr: "" });
    expect(install.stdout).toMatch(
      /^lowbit-gen: the native devices \(cuda, cpu\) were not built, everything else works: /,
    );
    expect(install.stdout).toMatch(whole);
    const asked = build(["--required"]);
    expect(asked.status).toBe(1);
    expect(asked.stderr).toMatch(whole);
    expect(build(["--required"], { "g++": "#!/bin/sh\n" }).stderr).toMatch(/: cmake not found/);
  });

  test("shows the compiler's words where it fails", () => {
    const cmake = "#!/bin/sh\necho 'CMake Error: no luck' >&2\nexit 1\n";
    const { status, stderr } = build(["--required"], { "g++": "#!/bin/sh\n", cmake });
    expect(status).toBe(1);
    expect(stderr).toMatch(/the native addon does not compile here:\n.*CMake Error: no luck/s);
    expect(build([], { "g++": "#!/bin/sh\n", cmake }).status).toBe(0);
  });

  test("asks for the number that the loader asks for", () => {
    const [, built] = /LOWBIT_ABI (\d+)/.exec(readFileSync(join(root, "runtime/native/src/abi.h"), "utf8"))!;
    const [, asked] = /const ABI = (\d+)/.exec(readFileSync(join(root, "runtime/native/addon.ts"), "utf8"))!;
    expect(asked).toBe(built);
  });
});

describe("loading the addon", () => {
  test("that is not there, is broken, or of another version", () => {
    const none = join(folder, "none.node");
    expect(load(none)).toEqual({
      code: "no-native",
      message: `the native addon was not built (there is no ${none}): run \`npx lowbit-gen native\`, which needs cmake and g++ or clang++`,
    });
    const broken = join(folder, "broken.node");
    writeFileSync(broken, "not a library");
    expect(load(broken)).toMatchObject({
      code: "broken-native",
      message: expect.stringMatching(/broken\.node does not load \(.*\): build it on this machine with/),
    });
    // Node loads what ends with .cjs as a script.
    const stale = join(folder, "stale.cjs");
    writeFileSync(stale, "exports.abi = 0;\n");
    expect(load(stale)).toMatchObject({
      code: "stale-native",
      message: expect.stringMatching(
        /stale\.cjs has interface 0 and this version of lowbit-gen needs \d+: build it again/,
      ),
    });
  });

  test.runIf(canRun)("that was built works", () => {
    expect(load(addonPath)).toEqual({});
    expect(dirname(addonPath)).toBe(join(root, "runtime", "native"));
  });
});
