// Builds the native addon beside this file, lowbit.node, where a C++ compiler and CMake are found.
//
//   node runtime/native/build.mjs              npm's install script: says why it built nothing, and never fails
//   node runtime/native/build.mjs --required   `lowbit-gen native`: fails where it cannot build
//   ... --sanitize --out FOLDER                lowbit.node with AddressSanitizer, elsewhere
//
// Nothing is downloaded: cmake-js takes the headers of node-api-headers and node-addon-api.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const folder = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { required: { type: "boolean" }, sanitize: { type: "boolean" }, out: { type: "string" } },
});
const out = resolve(options.out ?? folder);
const addon = join(out, "lowbit.node");
const work = join(out, "build");
const stamp = join(work, "stamp");

class NotBuilt extends Error {}

function isProgram(name) {
  return (process.env.PATH ?? "").split(delimiter).some((path) => {
    try {
      accessSync(join(path, name), constants.X_OK);
      return path !== "";
    } catch {
      return false;
    }
  });
}

function checkTools() {
  if (process.platform === "win32")
    throw new NotBuilt("the native devices are not built for Windows: use the Windows Subsystem for Linux");
  const compilers = [process.env.CXX, "c++", "g++", "clang++"].filter(Boolean);
  const missing = [
    ...(compilers.some((name) => isProgram(name) || existsSync(name))
      ? []
      : ["a C++ compiler (g++ or clang++)"]),
    ...(isProgram("cmake") ? [] : ["cmake"]),
  ];
  if (missing.length > 0)
    throw new NotBuilt(`${missing.join(" and ")} not found: install it, then run \`npx lowbit-gen native\``);
}

function* sources(from = folder) {
  for (const entry of readdirSync(from, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "build") yield* sources(path);
    } else if (/\.(cc|h|txt|mjs)$/.test(entry.name)) yield path;
  }
}

/** Of everything that decides what is built. */
function hashInputs(require) {
  const hash = createHash("sha256").update(
    `${process.platform} ${process.arch} ${options.sanitize === true}\0`,
  );
  for (const name of ["node-addon-api", "node-api-headers"])
    hash.update(`${name} ${require(`${name}/package.json`).version}\0`);
  for (const path of sources())
    hash
      .update(`${path.slice(folder.length)}\0`)
      .update(readFileSync(path))
      .update("\0");
  return hash.digest("hex");
}

function run(program, args) {
  return new Promise((resolveRun, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    child.stdout.on("data", (data) => said.push(data));
    child.stderr.on("data", (data) => said.push(data));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolveRun();
      else reject(new NotBuilt(`the native addon does not compile here:\n${Buffer.concat(said)}`));
    });
  });
}

async function build() {
  checkTools();
  const require = createRequire(import.meta.url);
  const inputs = hashInputs(require);
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) return;
  rmSync(stamp, { force: true });
  mkdirSync(work, { recursive: true });
  const args = [
    "compile",
    "--directory",
    folder,
    "--out",
    work,
    "--parallel",
    String(availableParallelism()),
  ];
  if (options.sanitize) args.push("--CDLOWBIT_SANITIZE=ON");
  await run(require.resolve("cmake-js/bin/cmake-js"), args);
  // A process that has the old one open keeps it whole.
  copyFileSync(join(work, "Release", "lowbit.node"), `${addon}.${process.pid}.tmp`);
  renameSync(`${addon}.${process.pid}.tmp`, addon);
  writeFileSync(stamp, inputs);
}

try {
  await build();
} catch (error) {
  const isExpected = error instanceof NotBuilt;
  const text = isExpected ? error.message : (error?.stack ?? String(error));
  if (options.required) {
    console.error(`lowbit-gen: ${text}`);
    process.exitCode = 1;
  } else
    console.log(`lowbit-gen: the native devices (cuda, cpu) were not built, everything else works: ${text}`);
}
