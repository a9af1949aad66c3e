import { describe, expect, it } from "vitest";
import { checkImports, checkTargetWords } from "./boundaries.js";
import { readSources, readTargetNames } from "./sources.js";

const sources = readSources();
const targets = readTargetNames();

describe("import boundaries", () => {
  it("hold in every source file", () => {
    expect(sources.length).toBeGreaterThan(0);
    expect(checkImports(sources)).toEqual([]);
  });

  it.each([
    ["generator/ir/a.ts", `import { x } from "../../templates/wgsl/index.js";`],
    ["generator/ir/a.ts", `import type { X } from "../../runtime/descriptor.js";`],
    ["generator/ir/a.ts", `export * from "../../generated/adamw/index.js";`],
    ["generator/ir/a.ts", `import { y } from "../cli/main.js";`],
    ["generator/ir/a.ts", `import { join } from "path";`],
    ["generator/ir/a.ts", `const fs = await import("node:fs/promises");`],
    ["generator/ir/a.ts", `const module = await import(name);`],
    ["generator/ir/a.ts", `import { openDevice } from "lowbit-gen/runtime";`],
    ["generator/index.ts", `type D = import("../runtime/descriptor.js").TypeName;`],
    ["templates/wgsl/index.ts", `import { ops } from "../../generator/ir/ops.js";`],
    ["templates/wgsl/index.ts", `import { type Op } from "../../generator/ir/ops.js";`],
    ["templates/wgsl/index.ts", `import { spell } from "../cuda/index.js";`],
    ["templates/wgsl/index.ts", `import { readFileSync } from "node:fs";`],
    ["templates/wgsl/target.ts", `import { targets } from "../index.js";`],
    ["runtime/webgpu/device.ts", `import { lower } from "../../generator/lower/index.js";`],
    ["runtime/index.ts", `import { schema } from "../spec/schema.js";`],
    ["test/oracle/adamw.ts", `import { tables } from "../../generator/lower/tables.js";`],
    ["test/oracle/adamw.ts", `import { openDevice } from "lowbit-gen/runtime";`],
    ["generated/adamw/index.ts", `import { x } from "../lion/index.js";`],
    ["generated/adamw/index.ts", `import { x } from "../../runtime/index.js";`],
    ["generated/adamw/index.ts", `import Handlebars from "handlebars";`],
  ])("are broken by %s: %s", (path, text) => {
    expect(checkImports([{ path, text }])).toHaveLength(1);
  });

  it("are broken by an oracle that reaches the generator through a helper", () => {
    const oracle = { path: "test/oracle/adamw.ts", text: `import { h } from "../support/helper.js";` };
    const helper = { path: "test/support/helper.ts", text: `export { h } from "../../generator/ir/ops.js";` };
    expect(checkImports([helper])).toEqual([]);
    expect(checkImports([oracle, helper])).toEqual([
      "test/support/helper.ts:1 imports ../../generator/ir/ops.js: the oracle shares no code with what it judges",
    ]);
  });

  it.each([
    ["generator/cli/main.ts", `import { readFileSync } from "node:fs";`],
    ["generator/cli/targets.ts", `import { wgsl } from "../../templates/wgsl/index.js";`],
    ["generator/rule/parse.ts", `import { parse } from "./grammar.js";`],
    ["generator/render/index.ts", `import Handlebars from "handlebars/runtime.js";`],
    ["templates/wgsl/index.ts", `import type { Op } from "../../generator/ir/ops.js";`],
    ["templates/wgsl/target.ts", `import { partials } from "../common/skeletons.js";`],
    ["templates/index.ts", `import { wgsl } from "./wgsl/index.js";`],
    ["runtime/webgpu/device.ts", `const { create } = await import(packageName);`],
    ["generated/adamw/index.ts", `import { step } from "./step.js"; export * from "lowbit-gen/runtime";`],
  ])("allow %s: %s", (path, text) => {
    expect(checkImports([{ path, text }])).toEqual([]);
  });
});

describe("the generator names no target", () => {
  it("in any identifier, literal or path", () => {
    expect(targets.length).toBeGreaterThan(0);
    expect(checkTargetWords(sources, targets)).toEqual([]);
  });

  it.each([
    ["an identifier", "generator/a.ts", "export const printCuda = 1;"],
    ["a property", "generator/a.ts", "export const limits = { wgsl: 1 };"],
    ["an acronym", "generator/a.ts", "export const WGSLLimits = 1;"],
    ["a string", "generator/a.ts", `export const target = "cuda";`],
    ["a template", "generator/a.ts", `export const name = \`\${folder}/kernel.wgsl\`;`],
    ["a file name", "generator/print/cuda.ts", "export {};"],
  ])("as %s would", (_what, path, text) => {
    expect(checkTargetWords([{ path, text }], ["cuda", "wgsl"])).toHaveLength(1);
  });

  it.each([
    ["a comment", "generator/a.ts", "// The same order as in CUDA.\nexport {};"],
    ["the command line", "generator/cli/targets.ts", `export const targets = ["cuda", "wgsl"];`],
  ])("unless it is in %s", (_what, path, text) => {
    expect(checkTargetWords([{ path, text }], ["cuda", "wgsl"])).toEqual([]);
  });
});
