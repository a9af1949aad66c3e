import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import type { WebGpuDevice, WebGpuOptions } from "../../runtime/webgpu/device.js";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const archive = join(modules, "@sparticuz/chromium/bin/swiftshader.tar.br");
const cache = join(modules, ".cache");
const folder = join(cache, "swiftshader");

/**
 * Environment under which Dawn finds SwiftShader, a Vulkan driver that runs on the CPU. It must be set before the
 * process starts: the loader reads LD_LIBRARY_PATH once. Empty where the driver does not run, and where
 * LOWBIT_TEST_ADAPTER=system asks for the machine's own adapter.
 */
export function softwareVulkanEnv(): Record<string, string> {
  const runs = process.platform === "linux" && process.arch === "x64";
  if (!runs || process.env.LOWBIT_TEST_ADAPTER === "system") return {};
  if (!existsSync(folder)) unpack();
  const driver = join(folder, "vk_swiftshader_icd.json");
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries };
}

/** Another process may do the same at the same time: whoever renames first wins, and both results are equal. */
function unpack(): void {
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "swiftshader-"));
  execFileSync("tar", ["-x", "-C", fresh], { input: brotliDecompressSync(readFileSync(archive)) });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

/** The WebGPU device of the tests. Throws where there is none: a test that is skipped proves nothing. */
export async function requireWebGpu(options: WebGpuOptions = {}): Promise<WebGpuDevice> {
  const { openDevice } = await import("../../runtime/open.js");
  return openDevice("webgpu", options);
}
