import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { requireWebGpu } from "../support/vulkan.js";
import { compileOrThrow, expectAgreement } from "./agreement.js";

/** The package of every right scenario loads and runs. */
const root = import.meta.dirname;
const specs = readdirSync(root)
  .filter((name) => existsSync(join(root, name, "package.txt")))
  .map((name) => [name, ["spec.yaml", "spec.json"].find((file) => existsSync(join(root, name, file))) ?? ""]);

test.each(specs)("%s", async (name = "", file = "") => {
  const webgpu = await requireWebGpu();
  await expectAgreement(compileOrThrow(readFileSync(join(root, name, file), "utf8")), webgpu);
  webgpu.dispose();
});
