import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { softwareVulkanEnv } from "./test/support/vulkan.js";

// Workers inherit this: a library path that is set inside a running process comes too late.
Object.assign(process.env, softwareVulkanEnv());

export default defineConfig({
  resolve: {
    alias: { "lowbit-gen/runtime": fileURLToPath(new URL("./runtime/index.ts", import.meta.url)) },
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/temporary.ts",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
