import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { computed, findImports, root } from "../architecture/sources.js";

/** What a user does in an empty folder with the package as npm would publish it; needs the registry. */

const folder = mkdtempSync(join(tmpdir(), "lowbit-gen-"));
const installed = join(folder, "node_modules", "lowbit-gen");

const trainScript = `
import { openDevice } from "lowbit-gen/runtime";
import { MyAdam } from "./generated/my-adam/index.js";

const target = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i));
const params = { weights: new Float32Array(5000), bias: new Float32Array(3) };
const device = await openDevice("typescript");
const optimizer = new MyAdam(device, params, { lr: 0.05 });

const losses = [];
for (let step = 0; step < 20; step++) {
  const { weights, bias } = await optimizer.readParams();
  const error = weights.map((w, i) => w - target[i]);
  losses.push(error.reduce((sum, e) => sum + e * e, 0) / 2 + (bias[0] - 1) ** 2 / 2);
  optimizer.step({ weights: error, bias: Float32Array.of(bias[0] - 1, 0, 0) });
}
console.log(JSON.stringify(losses));
`;

const typedModule = `
import { type Device, openDevice } from "lowbit-gen/runtime";
import { MyAdam } from "./generated/my-adam/index.js";

export async function train(weights: Float32Array, gradient: Float32Array): Promise<Float32Array> {
  const device: Device = await openDevice("typescript");
  const optimizer = new MyAdam(device, { weights }, { lr: 3e-4 });
  optimizer.step({ weights: gradient }, { lr: 1e-4 });
  // @ts-expect-error: a hyper that the spec does not have
  optimizer.step({ weights: gradient }, { learningRate: 1e-4 });
  const { weights: trained } = await optimizer.readParams();
  return trained;
}
`;

/** The variables that npm sets for scripts would point a nested npm at this repository. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(npm_(package|lifecycle|config_local_prefix|command|execpath)|INIT_CWD|NODE_ENV|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

function run(command: string, args: readonly string[], cwd = folder): string {
  const result = spawnSync(command, args, { cwd, env: environment(), encoding: "utf8" });
  if (result.status === 0) return result.stdout;
  const said = [result.error?.message, result.stdout, result.stderr].filter(Boolean).join("\n");
  throw new Error(`${command} ${args.join(" ")} failed\n${said}`);
}

beforeAll(() => {
  const quiet = ["--no-audit", "--no-fund", "--loglevel", "error"];
  run("npm", ["pack", "--pack-destination", folder, ...quiet], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  writeFileSync(join(folder, "package.json"), `{ "name": "user", "private": true, "type": "module" }\n`);
  run("npm", ["install", "--prefer-offline", ...quiet, join(folder, tarball)]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the published package", () => {
  it("is closed: every import leads to one of its files, a dependency or Node", () => {
    const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const modules = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(installed, "dist", name));
    expect(modules.length).toBeGreaterThan(0);

    const known = (path: string, specifier: string): boolean => {
      if (specifier.startsWith(".")) return existsSync(join(dirname(path), specifier));
      const [scope = "", name] = specifier.split("/");
      const packageName = scope.startsWith("@") ? `${scope}/${name}` : scope;
      return isBuiltin(specifier) || packageName === "lowbit-gen" || packageName in dependencies;
    };
    const unknown = modules.flatMap((path) =>
      findImports({ path, text: readFileSync(path, "utf8") })
        .filter(({ specifier }) => specifier !== computed && !known(path, specifier))
        .map(({ specifier }) => `${path.slice(installed.length + 1)} imports ${specifier}`),
    );
    expect(unknown).toEqual([]);
  });

  it("holds no tests, examples or TypeScript sources", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => /^(dist\/)?(test|examples|bench|generated)\//.test(name))).toEqual([]);
    expect(files.filter((name) => /\.ts$/.test(name) && !/\.d\.ts$/.test(name))).toEqual([]);
  });

  it("builds the native addon where it is asked to, and then says what a GPU needs", () => {
    const open = `import { openDevice } from "lowbit-gen/runtime";
      await openDevice("cuda").then(({ kind }) => console.log(kind), ({ code }) => console.log(code));`;
    writeFileSync(join(folder, "open.js"), open);
    rmSync(join(installed, "runtime/native/lowbit.node"), { force: true });
    expect(run("node", ["open.js"])).toBe("no-native\n");
    const said = run("npx", ["--no-install", "lowbit-gen", "native"]);
    expect(said).toMatch(/^the native addon is ready: .*runtime\/native\/lowbit\.node\n$/);
    expect(run("node", ["open.js"])).toMatch(/^(no-cuda|cuda)\n$/);
  }, 120_000);

  it("takes a user from `init` to a strictly typed optimizer that trains", () => {
    run("npx", ["--no-install", "lowbit-gen", "init", "my-adam"]);
    run("npx", ["--no-install", "lowbit-gen", "build", "spec/my-adam.yaml"]);

    writeFileSync(join(folder, "train.js"), trainScript);
    const losses: number[] = JSON.parse(run("node", ["train.js"]));
    expect(losses).toHaveLength(20);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);

    // The options of a new project: no `skipLibCheck`, no `@types`.
    writeFileSync(join(folder, "typed.ts"), typedModule);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    run("node", [tsc, "--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "typed.ts"]);
  }, 120_000);
});
