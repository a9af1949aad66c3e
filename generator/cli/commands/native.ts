import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ownPackage } from "../package-root.js";

/** Builds the native addon in this installation; its script says what is missing. */
export async function buildNative(): Promise<number> {
  const folder = join(ownPackage().root, "runtime", "native");
  const { status } = spawnSync(process.execPath, [join(folder, "build.mjs"), "--required"], {
    stdio: "inherit",
  });
  if (status === 0) process.stdout.write(`the native addon is ready: ${join(folder, "lowbit.node")}\n`);
  return status ?? 1;
}
