import { LowbitError } from "../errors.js";
import type { NativeCpu } from "./cpu.js";
import type { NativeCuda } from "./cuda.js";

/** What src/addon.cc exports. */
export interface NativeAddon {
  readonly abi: number;
  readonly cpu: NativeCpu;
  readonly cuda: NativeCuda;
}

/** Of src/abi.h: raised with every change of what the addon exports. */
const ABI = 5;

let loaded: NativeAddon | undefined;

/**
 * The native addon, loaded at the first call. `LOWBIT_ADDON` names the file where it lies elsewhere than `lowbit-gen
 * native` puts it.
 *
 * @throws {LowbitError} `no-native` where it was not built or this is not Node, `broken-native` where it does not load,
 * `stale-native` where it was built by another version of lowbit-gen
 */
export function loadAddon(): NativeAddon {
  loaded ??= load();
  return loaded;
}

function load(): NativeAddon {
  const { path, require, exists } = locate();
  if (!exists)
    throw new LowbitError(
      "no-native",
      `the native addon was not built (there is no ${path}): run \`npx lowbit-gen native\`, which needs cmake and g++ or clang++`,
    );
  let addon: Partial<NativeAddon>;
  try {
    addon = require(path);
  } catch (cause) {
    throw new LowbitError(
      "broken-native",
      `the native addon ${path} does not load (${cause instanceof Error ? cause.message : String(cause)}): ` +
        `build it on this machine with \`npx lowbit-gen native\``,
      { cause },
    );
  }
  if (addon.abi !== ABI)
    throw new LowbitError(
      "stale-native",
      `the native addon ${path} has interface ${addon.abi ?? "none"} and this version of lowbit-gen needs ${ABI}: ` +
        `build it again with \`npx lowbit-gen native\``,
    );
  return addon as NativeAddon;
}

/** Browsers load this file too, so Node's modules are asked for and not imported. */
function locate(): {
  readonly path: string;
  readonly require: (path: string) => NativeAddon;
  readonly exists: boolean;
} {
  const node = (globalThis as { process?: Partial<NodeJS.Process> }).process;
  if (node?.getBuiltinModule === undefined)
    throw new LowbitError("no-native", "the native devices need Node: open another device here");
  const { createRequire } = node.getBuiltinModule("node:module");
  const { existsSync } = node.getBuiltinModule("node:fs");
  const { fileURLToPath } = node.getBuiltinModule("node:url");
  // The addon lies with its sources: this file beside them, or compiled into dist/runtime/native/.
  const own = import.meta.url;
  const place = own.includes("/dist/runtime/native/")
    ? "../../../runtime/native/lowbit.node"
    : "./lowbit.node";
  const path = node.env?.LOWBIT_ADDON ?? fileURLToPath(new URL(place, own));
  return { path, require: createRequire(own), exists: existsSync(path) };
}
