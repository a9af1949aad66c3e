// Makes a fresh clone ready to run: installs node_modules when they differ from package-lock.json and
// builds the native addon and dist/ when a source changed. `npm start` and `npm test` call it first; when
// nothing changed it only reads files. With --prepare (npm's own lifecycle) it never installs.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "dist", ".sources");
const sourceFolders = ["spec", "templates", "generator", "generated", "runtime", "examples", "bench"];
const sourceFiles = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
const sourceName = /\.(ts|mjs|hbs|peggy|json)$/;
const embedded = /(^|\/)(skeletons|grammar)\.d\.ts$/;

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

function checkNode() {
  const needed = readJson("package.json").engines.node.replace(/[^\d.]/g, "");
  const [major, minor] = needed.split(".").map(Number);
  const [foundMajor, foundMinor] = process.versions.node.split(".").map(Number);
  if (foundMajor < major || (foundMajor === major && foundMinor < minor)) {
    fail(`found Node ${process.versions.node}, but Node ${needed} or newer is needed.`);
  }
}

/** npm records what it installed; packages of other platforms are optional and may be absent. */
function isInstalled() {
  const record = "node_modules/.package-lock.json";
  if (!existsSync(join(root, record))) return false;
  const wanted = Object.entries(readJson("package-lock.json").packages);
  const installed = readJson(record).packages;
  return wanted.every(([path, { version, integrity, optional }]) => {
    if (path === "") return true;
    const found = installed[path];
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

function npm(args, what) {
  // npm_execpath is set when npm runs this file; a shell finds npm.cmd on Windows otherwise.
  const script = process.env.npm_execpath;
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, LOWBIT_SETUP: "1" } };
  const result = script?.endsWith("npm-cli.js")
    ? spawnSync(process.execPath, [script, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (result.error) fail(`${what} could not start: ${result.error.message}`);
  if (result.status !== 0) fail(`${what} failed (npm ${args.join(" ")}); the reason is printed above.`);
}

function* walk(folder) {
  if (!existsSync(join(root, folder))) return;
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path);
    else if (sourceName.test(path) && !embedded.test(path)) yield path;
  }
}

function hashSources() {
  const hash = createHash("sha256");
  for (const path of [...sourceFiles, ...sourceFolders.flatMap((folder) => [...walk(folder)])]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

/** What `npm run embed` writes beside the sources can be cleaned away without touching dist/. */
function hasEmbedded() {
  const targets = readdirSync(join(root, "templates"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `templates/${entry.name}`)
    .filter((folder) => readdirSync(join(root, folder)).some((name) => name.endsWith(".hbs")));
  const outputs = [...targets.map((folder) => `${folder}/skeletons.js`), "generator/rule/grammar.js"];
  return outputs.every((path) => existsSync(join(root, path)));
}

function build() {
  const sources = hashSources();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources && hasEmbedded()) return;
  console.log("setup: building dist/");
  npm(["run", "--silent", "build"], "the build");
  writeFileSync(stamp, sources);
}

/** Without a compiler it says so and the rest is built; its tests are what fails where it is needed. */
function buildNative() {
  const script = join(root, "runtime", "native", "build.mjs");
  const { status } = spawnSync(process.execPath, [script], { stdio: "inherit" });
  if (status !== 0) fail("building the native addon failed; the reason is printed above.");
}

checkNode();
if (process.argv.includes("--prepare")) {
  // `npm ci` below runs `prepare` too; the build then follows here, once.
  if (process.env.LOWBIT_SETUP === undefined) build();
} else {
  if (!isInstalled()) {
    console.log("setup: installing node_modules as package-lock.json says");
    npm(["ci", "--include=dev", "--no-audit", "--no-fund"], "the installation");
  }
  buildNative();
  build();
}
